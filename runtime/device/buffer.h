// A block of device memory that tensors share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/base/dtype.h"
#include "runtime/base/ref_counted.h"
#include "runtime/device/device.h"

namespace keen {

namespace device {
class DeviceContext;
}

// Freed, in the order of its stream, when the last tensor lets go. On a CPU a small buffer and its
// data are one block. Data is 64-byte aligned and undefined at first, but for strings, which are
// empty. ResourceExhaustedError when the device has no memory.
class Buffer final : public RefCounted {
 public:
  [[nodiscard]] static RefPtr<Buffer> allocate(Device device, std::size_t bytes);
  // `count` empty strings in host memory.
  [[nodiscard]] static RefPtr<Buffer> allocate_strings(std::size_t count);

  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] Device device() const { return device_; }

  // Another arrangement of the contents that a kernel made and may need again, such as a filter
  // transposed; `kind` tells arrangements apart. One is kept, until the contents change or the
  // buffer goes. Null: there is none of that kind. For any number of threads.
  [[nodiscard]] RefPtr<Buffer> derived(std::int64_t kind) const;
  void keep_derived(std::int64_t kind, RefPtr<Buffer> derived);
  // For whoever changes the contents.
  void drop_derived() noexcept {
    if (has_derived_.load(std::memory_order_relaxed)) [[unlikely]] {
      forget_derived();
    }
  }

  void destroy() noexcept;

 private:
  Buffer(Device device, void* data, std::size_t bytes)
      : device_(device), data_(data), bytes_(bytes) {}
  ~Buffer() = default;

  void forget_derived() noexcept;

  Device device_;
  bool holds_strings_ = false;
  std::atomic<bool> has_derived_ = false;
  void* data_;
  std::size_t bytes_;
  std::int64_t derived_kind_ = 0;
  RefPtr<Buffer> derived_;
};

}  // namespace keen
