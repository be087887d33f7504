// A block of device memory that tensors share.
#pragma once

#include <cstddef>

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

  void destroy() noexcept;

 private:
  Buffer(Device device, void* data, std::size_t bytes)
      : device_(device), data_(data), bytes_(bytes) {}
  ~Buffer() = default;

  Device device_;
  bool holds_strings_ = false;
  void* data_;
  std::size_t bytes_;
};

}  // namespace keen
