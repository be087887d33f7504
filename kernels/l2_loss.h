// tf.nn.l2_loss
#pragma once

#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {
namespace nn {

// sum(t * t) / 2, a scalar. Floating dtypes.
[[nodiscard]] Tensor l2_loss(const Tensor& t);

// weight * l2_loss(t) in one pass over t: what a regularizer adds to the loss.
[[nodiscard]] Tensor weighted_l2_loss(const Tensor& t, double weight);

}  // namespace nn

namespace op {

struct L2LossArgs {
  double weight = 1.0;
};

extern const Op kL2Loss;      // t; L2LossArgs
extern const Op kL2LossGrad;  // t, and the gradient of its loss, a scalar; L2LossArgs

}  // namespace op
}  // namespace keen
