// The gradients of fused batch normalization in elementwise ops, which can be differentiated again.
#pragma once

#include <array>

#include "kernels/batch_norm.h"
#include "runtime/tensor/tensor.h"

namespace keen::detail {

// What FusedBatchNormGradV3 reads. `offset` is defined where a rectifier came after.
struct BatchNormGradInputs {
  Tensor dy, x, scale, mean, variance, offset;
};

// The gradients of x, scale and offset, as the fused kernel computes them. In training, mean and
// variance are computed from x, so that gradients flow through them.
[[nodiscard]] std::array<Tensor, 3> batch_norm_gradients(const BatchNormGradInputs& inputs,
                                                         const FusedBatchNormArgs& args);

// The gradients of dy, x and scale from those of the three results, of which some may be undefined.
[[nodiscard]] std::array<Tensor, 3> batch_norm_second_gradients(
    const BatchNormGradInputs& inputs, const FusedBatchNormArgs& args,
    const std::array<Tensor, 3>& gradients);

}  // namespace keen::detail
