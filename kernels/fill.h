// Tensors of one value (tf.zeros, tf.ones, …); keen::fill is the general form.
#pragma once

#include "runtime/base/dtype.h"
#include "runtime/base/shape.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/tensor.h"

namespace keen {

[[nodiscard]] inline Tensor zeros(const Shape& shape, DType dtype = DType::kFloat32) {
  return fill(shape, 0.0, dtype);
}
[[nodiscard]] inline Tensor ones(const Shape& shape, DType dtype = DType::kFloat32) {
  return fill(shape, 1.0, dtype);
}
[[nodiscard]] inline Tensor zeros_like(const Tensor& input) {
  return fill(input.shape(), 0.0, input.dtype());
}
[[nodiscard]] inline Tensor ones_like(const Tensor& input) {
  return fill(input.shape(), 1.0, input.dtype());
}

}  // namespace keen
