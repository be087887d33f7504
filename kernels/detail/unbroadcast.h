// The way back through a broadcast.
#pragma once

#include "runtime/base/shape.h"
#include "runtime/tensor/tensor.h"

namespace keen::detail {

// The sum of `gradient` over the dimensions along which `shape` was broadcast; the tensor itself
// where the shapes are equal.
[[nodiscard]] Tensor unbroadcast(const Tensor& gradient, const Shape& shape);

}  // namespace keen::detail
