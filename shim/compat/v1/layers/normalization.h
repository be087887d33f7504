// Batch normalization (tf.compat.v1.layers).
#pragma once

#include <optional>
#include <string>

#include "shim/compat/v1/layers/base.h"

namespace keen::compat::v1::layers {

struct BatchNormalizationArgs {
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  Initializer beta_initializer = initializers::zeros();
  Initializer gamma_initializer = initializers::ones();
  Initializer moving_mean_initializer = initializers::zeros();
  Initializer moving_variance_initializer = initializers::ones();
  Regularizer beta_regularizer = None;
  Regularizer gamma_regularizer = None;
  // Of the function: omitted means inference, nullopt that of the surrounding layer.
  std::optional<bool> training = false;
  bool trainable = true;
  OrNone<std::string> name = None;
  Reuse reuse = None;
  // None: the fused op where it fits, that is for inputs of rank 4.
  OrNone<bool> fused = None;
};

// Normalizes the last dimension of its inputs: by the batch's mean and variance in training, which
// the moving averages then follow, else by the moving averages. The fused op feeds the unbiased
// variance into the average, the plain form the biased one. A frozen layer (trainable=false)
// updates nothing. A layer object inherits `training` unless its call says.
class BatchNormalization final : public Layer {
 public:
  explicit BatchNormalization(const BatchNormalizationArgs& args = {});

  [[nodiscard]] const Variable& gamma() const { return gamma_; }
  [[nodiscard]] const Variable& beta() const { return beta_; }
  [[nodiscard]] const Variable& moving_mean() const { return moving_mean_; }
  [[nodiscard]] const Variable& moving_variance() const { return moving_variance_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  friend Tensor batch_normalization(const Tensor& inputs, const BatchNormalizationArgs& args);
  BatchNormalization(const BatchNormalizationArgs& args, bool functional);

  [[nodiscard]] Tensor fused(const Tensor& inputs, bool training) const;
  [[nodiscard]] Tensor plain(const Tensor& inputs, bool training) const;
  // The parameter, or the constant that stands for it where there is none.
  [[nodiscard]] Tensor gamma_or_ones() const;
  [[nodiscard]] Tensor beta_or_zeros() const;

  BatchNormalizationArgs args_;
  Variable gamma_;
  Variable beta_;
  Variable moving_mean_;
  Variable moving_variance_;
};

[[nodiscard]] Tensor batch_normalization(const Tensor& inputs,
                                         const BatchNormalizationArgs& args = {});

}  // namespace keen::compat::v1::layers
