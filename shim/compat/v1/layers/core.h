// Dense, Dropout and Flatten (tf.compat.v1.layers).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernels/dropout.h"
#include "shim/compat/v1/layers/base.h"

namespace keen::compat::v1::layers {

struct DenseArgs {
  Activation activation = None;
  bool use_bias = true;
  Initializer kernel_initializer = None;
  Initializer bias_initializer = initializers::zeros();
  Regularizer kernel_regularizer = None;
  Regularizer bias_regularizer = None;
  bool trainable = true;
  OrNone<std::string> name = None;
  Reuse reuse = None;
};

// inputs [..., n] times a kernel [n, units], plus a bias. float32 and float64. ValueError for
// inputs of rank 0 or 1.
class Dense final : public Layer {
 public:
  explicit Dense(std::int64_t units, const DenseArgs& args = {});

  [[nodiscard]] const Variable& kernel() const { return kernel_; }
  [[nodiscard]] const Variable& bias() const { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  friend Tensor dense(const Tensor& inputs, std::int64_t units, const DenseArgs& args);
  Dense(std::int64_t units, const DenseArgs& args, bool functional);

  std::int64_t units_;
  DenseArgs args_;
  Variable kernel_;
  Variable bias_;
};

[[nodiscard]] Tensor dense(const Tensor& inputs, std::int64_t units, const DenseArgs& args = {});

struct DropoutArgs {
  double rate = 0.5;
  // Shape of the mask, which broadcasts against the inputs; None: theirs.
  OrNone<Shape> noise_shape = None;
  std::optional<std::int64_t> seed = std::nullopt;
  // Of the function: omitted means inference, nullopt that of the surrounding layer.
  std::optional<bool> training = false;
  OrNone<std::string> name = None;
};

// Zeros a share `rate` of the elements in training and scales up the others. A layer object
// inherits `training` unless its call says.
class Dropout final : public Layer {
 public:
  explicit Dropout(double rate = 0.5, const DropoutArgs& args = {});

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  double rate_;
  nn::DropoutArgs args_;
};

[[nodiscard]] Tensor dropout(const Tensor& inputs, const DropoutArgs& args = {});

struct FlattenArgs {
  OrNone<std::string> name = None;
};

// [batch, …] to [batch, the rest].
class Flatten final : public Layer {
 public:
  explicit Flatten(const FlattenArgs& args = {});

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override;
};

[[nodiscard]] Tensor flatten(const Tensor& inputs, const FlattenArgs& args = {});

}  // namespace keen::compat::v1::layers
