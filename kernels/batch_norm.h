// Fused batch normalization (tf.compat.v1.nn.fused_batch_norm).
#pragma once

#include "kernels/padding.h"
#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct FusedBatchNormArgs {
  float epsilon = 0.001F;                      // added to the variance
  DataFormat data_format = DataFormat::kNHWC;  // kNCHW: on GPUs alone, of rank 4
  bool is_training = true;
  float exponential_avg_factor = 1.0F;  // weight of the batch in the averages that come out
};

struct FusedBatchNormResult {
  Tensor y;
  Tensor batch_mean;
  Tensor batch_variance;
};

namespace nn {

// y = (x - mean) / sqrt(variance + epsilon) * scale + offset along the channels of x
// [batch, height, width, channels] (or with a depth before height); the other inputs are
// [channels].
//
// In training, mean and biased variance are the batch's, and batch_mean and batch_variance are
// (1 - factor) * mean + factor * the batch's, the variance multiplied by n / (n - 1); mean and
// variance may be left out where the factor is 1. In inference they are used and handed through. An
// empty batch gives nan for both. Gradients flow from y to x, scale and offset only.
//
// float32 and float64. InvalidArgumentError for other ranks and sizes that differ.
[[nodiscard]] FusedBatchNormResult fused_batch_norm(const Tensor& x, const Tensor& scale,
                                                    const Tensor& offset,
                                                    const Tensor& mean = Tensor(),
                                                    const Tensor& variance = Tensor(),
                                                    const FusedBatchNormArgs& args = {});

// The same with y = max(y, 0), in as many passes over memory: for layers.
[[nodiscard]] FusedBatchNormResult fused_batch_norm_relu(const Tensor& x, const Tensor& scale,
                                                         const Tensor& offset,
                                                         const Tensor& mean = Tensor(),
                                                         const Tensor& variance = Tensor(),
                                                         const FusedBatchNormArgs& args = {});

}  // namespace nn

namespace op {

// Outputs: y, batch_mean, batch_variance, and what y was made with: mean and biased variance.
extern const Op kFusedBatchNormV3;
extern const Op kFusedBatchNormEx;  // with the rectifier
// Of y_backprop, x, scale, and the forward op's last two outputs: the gradients of x, scale,
// offset.
extern const Op kFusedBatchNormGradV3;
extern const Op kFusedBatchNormGradEx;  // takes offset as a sixth input

}  // namespace op
}  // namespace keen
