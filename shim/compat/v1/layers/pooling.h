// Pools (tf.compat.v1.layers).
#pragma once

#include <string>

#include "shim/compat/v1/layers/base.h"

namespace keen::compat::v1::layers {

struct Pooling2DArgs {
  PaddingArg padding = "valid";
  OrNone<std::string> name = None;
};

// The largest element, or the mean, of each window of inputs [batch, height, width, channels].
class MaxPooling2D final : public Layer {
 public:
  MaxPooling2D(const IntPair& pool_size, const IntPair& strides, const Pooling2DArgs& args = {});

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  IntPair pool_size_;
  IntPair strides_;
  Padding padding_;
};

class AveragePooling2D final : public Layer {
 public:
  AveragePooling2D(const IntPair& pool_size, const IntPair& strides,
                   const Pooling2DArgs& args = {});

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  IntPair pool_size_;
  IntPair strides_;
  Padding padding_;
};

[[nodiscard]] Tensor max_pooling2d(const Tensor& inputs, const IntPair& pool_size,
                                   const IntPair& strides, const Pooling2DArgs& args = {});
[[nodiscard]] Tensor average_pooling2d(const Tensor& inputs, const IntPair& pool_size,
                                       const IntPair& strides, const Pooling2DArgs& args = {});

}  // namespace keen::compat::v1::layers
