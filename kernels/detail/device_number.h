// Numbers beside tensors of a GPU: copied there once.
#pragma once

#include "runtime/tensor/tensor.h"

namespace keen::detail {

// `number`, a scalar on the CPU that nobody watches, on the device of `tensor`. On GPUs the copies
// of a few hundred numbers are kept, so that a step that repeats itself copies none.
[[nodiscard]] Tensor on_device_of(const Tensor& tensor, Tensor number);

}  // namespace keen::detail
