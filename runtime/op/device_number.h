// Numbers beside tensors of a GPU: copied there once.
#pragma once

#include <utility>

#include "runtime/tensor/tensor.h"

namespace keen::detail {

// `number`, a scalar on the CPU that nobody watches, on that GPU. The copies of a few hundred
// numbers are kept, so that a step that repeats itself copies none.
[[nodiscard]] Tensor number_on(Device gpu, const Tensor& number);

// The same on the device of `tensor`, which may be a CPU.
[[nodiscard]] inline Tensor on_device_of(const Tensor& tensor, Tensor number) {
  const Device device = tensor.device();
  return device.type == DeviceType::kCpu ? std::move(number) : number_on(device, number);
}

}  // namespace keen::detail
