// tf.nn.l2_loss
#pragma once

#include "runtime/tensor/tensor.h"

namespace keen::nn {

// sum(t * t) / 2, a scalar. Floating dtypes.
[[nodiscard]] Tensor l2_loss(const Tensor& t);

}  // namespace keen::nn
