// Working memory of a kernel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/device/device_context.h"

namespace keen::detail {

// An uninitialised block of the device's memory for as long as one kernel runs. In a warm step it
// comes from the allocator's cache.
class Scratch {
 public:
  Scratch(device::DeviceContext& device, std::size_t bytes)
      : device_(device), bytes_(bytes), data_(bytes == 0 ? nullptr : device.allocate(bytes)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (data_ != nullptr) device_.deallocate(data_, bytes_);
  }

  template <class T = void>
  [[nodiscard]] T* data() const {
    return static_cast<T*>(data_);
  }

 private:
  device::DeviceContext& device_;
  std::size_t bytes_;
  void* data_;
};

// Room for `count` elements of T.
template <class T>
[[nodiscard]] Scratch scratch_of(device::DeviceContext& device, std::int64_t count) {
  return Scratch(device, static_cast<std::size_t>(count) * sizeof(T));
}

}  // namespace keen::detail
