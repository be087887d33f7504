// Elementwise activations (tf.nn). Errors and dtypes as in elementwise.h.
#pragma once

#include "kernels/elementwise.h"
#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {
namespace nn {

// max(x, 0); nan stays. Numbers of any dtype.
[[nodiscard]] Tensor relu(const Tensor& features);
// log(1 + exp(x))
[[nodiscard]] Tensor softplus(const Tensor& features);
using keen::sigmoid;
using keen::tanh;

}  // namespace nn

namespace op {

extern const Op kReluGrad;  // a gradient, and the input or the output of relu

}  // namespace op
}  // namespace keen
