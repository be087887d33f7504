// Convolutions (tf.compat.v1.layers).
#pragma once

#include <cstdint>
#include <string>

#include "shim/compat/v1/layers/base.h"

namespace keen::compat::v1::layers {

struct Conv2DArgs {
  IntPair strides = 1;
  PaddingArg padding = "valid";
  IntPair dilation_rate = 1;
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

// A convolution of inputs [batch, height, width, channels] with a kernel [kernel_size, channels,
// filters], plus a bias. ValueError for inputs of another rank.
class Conv2D final : public Layer {
 public:
  Conv2D(std::int64_t filters, const IntPair& kernel_size, const Conv2DArgs& args = {});

  [[nodiscard]] const Variable& kernel() const { return kernel_; }
  [[nodiscard]] const Variable& bias() const { return bias_; }

 protected:
  void build(const Shape& input_shape) override;
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  friend Tensor conv2d(const Tensor& inputs, std::int64_t filters, const IntPair& kernel_size,
                       const Conv2DArgs& args);
  Conv2D(std::int64_t filters, const IntPair& kernel_size, const Conv2DArgs& args, bool functional);

  std::int64_t filters_;
  IntPair kernel_size_;
  Conv2DArgs args_;
  Variable kernel_;
  Variable bias_;
};

[[nodiscard]] Tensor conv2d(const Tensor& inputs, std::int64_t filters, const IntPair& kernel_size,
                            const Conv2DArgs& args = {});

}  // namespace keen::compat::v1::layers
