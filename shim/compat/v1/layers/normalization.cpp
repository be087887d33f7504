#include "shim/compat/v1/layers/normalization.h"

#include <tuple>
#include <utility>

#include "kernels/batch_norm.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "kernels/reshape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"

namespace keen::compat::v1::layers {
namespace {

const detail::LayerClass& batch_normalization_class() {
  static const detail::LayerClass instance("batch_normalization");
  return instance;
}

// tf.nn.moments over all dimensions but the last: mean and biased variance.
std::pair<Tensor, Tensor> moments(const Tensor& x) {
  Ints axes;
  for (int i = 0; i + 1 < x.rank(); ++i) axes.push_back(i);
  const Shape channels = {x.shape()[-1]};
  const Tensor mean = reduce_mean(x, {.axis = axes, .keepdims = true});
  const Tensor squares = squared_difference(x, stop_gradient(mean));
  return {reshape(mean, channels), reduce_mean(squares, {.axis = axes})};
}

// variable -= (variable - value) * (1 - momentum), rounded as Keras does.
void follow(const Variable& variable, const Tensor& value, double momentum) {
  const Tensor decay = scalar_like(1.0 - momentum, variable.dtype());
  variable.assign_sub((variable - value) * decay);
}

}  // namespace

BatchNormalization::BatchNormalization(const BatchNormalizationArgs& args)
    : BatchNormalization(args, false) {}

BatchNormalization::BatchNormalization(const BatchNormalizationArgs& args, bool functional)
    : Layer({.layer_class = batch_normalization_class(),
             .name = args.name,
             .trainable = args.trainable,
             .reuse = args.reuse,
             .name_is_scope = functional,
             .once = functional}),
      args_(args) {}

void BatchNormalization::build(const Shape& input_shape) {
  if (input_shape.rank() < 2) {
    throw ValueError(text("BatchNormalization: inputs of shape ", input_shape,
                          " have no channels beside the batch"));
  }
  const ShapeArg shape = {input_shape[-1]};
  const DType dtype = weight_dtype();
  if (args_.scale) {
    gamma_ = add_weight("gamma", {.shape = shape, .dtype = dtype}, args_.gamma_initializer,
                        args_.gamma_regularizer);
  }
  if (args_.center) {
    beta_ = add_weight("beta", {.shape = shape, .dtype = dtype}, args_.beta_initializer,
                       args_.beta_regularizer);
  }
  const GetVariableArgs moving{.shape = shape,
                               .dtype = dtype,
                               .trainable = false,
                               .synchronization = VariableSynchronization::kOnRead,
                               .aggregation = VariableAggregation::kMean};
  moving_mean_ = add_weight("moving_mean", moving, args_.moving_mean_initializer, None);
  moving_variance_ = add_weight("moving_variance", moving, args_.moving_variance_initializer, None);
}

Tensor BatchNormalization::gamma_or_ones() const {
  return args_.scale ? gamma_.value() : fill(moving_mean_.shape(), 1.0, moving_mean_.dtype());
}

Tensor BatchNormalization::beta_or_zeros() const {
  return args_.center ? beta_.value() : fill(moving_mean_.shape(), 0.0, moving_mean_.dtype());
}

Tensor BatchNormalization::call(const Tensor& inputs, const CallArgs& args) {
  const bool training = args.training.value_or(false);
  const bool fits = inputs.rank() == 4;
  if (!args_.fused.value_or(fits)) return plain(inputs, training);
  if (!fits) {
    throw ValueError(text("BatchNormalization: fused=True needs inputs of rank 4, not of shape ",
                          inputs.shape()));
  }
  return fused(inputs, training);
}

Tensor BatchNormalization::fused(const Tensor& inputs, bool training) const {
  const FusedBatchNormArgs kernel{
      .epsilon = static_cast<float>(args_.epsilon),
      .is_training = training,
      .exponential_avg_factor = training ? static_cast<float>(1.0 - args_.momentum) : 1.0F};
  const FusedBatchNormResult result = nn::fused_batch_norm(inputs, gamma_or_ones(), beta_or_zeros(),
                                                           moving_mean_, moving_variance_, kernel);
  if (training && trainable()) {
    moving_mean_.assign(result.batch_mean);
    moving_variance_.assign(result.batch_variance);
  }
  return result.y;
}

Tensor BatchNormalization::plain(const Tensor& inputs, bool training) const {
  Tensor mean = moving_mean_.value();
  Tensor variance = moving_variance_.value();
  if (training) {
    std::tie(mean, variance) = moments(inputs);
    if (trainable()) {
      follow(moving_mean_, mean, args_.momentum);
      follow(moving_variance_, variance, args_.momentum);
    }
  }
  Tensor factor = rsqrt(variance + scalar_like(args_.epsilon, variance.dtype()));
  if (args_.scale) factor = factor * gamma_;
  const Tensor offset = args_.center ? beta_ - mean * factor : -mean * factor;
  return inputs * factor + offset;
}

Tensor batch_normalization(const Tensor& inputs, const BatchNormalizationArgs& args) {
  return BatchNormalization(args, true)(inputs, {.training = args.training});
}

}  // namespace keen::compat::v1::layers
