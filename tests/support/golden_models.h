// The models that golden cases of layers were made with, in TF1 style.
#pragma once

#include <optional>

#include "runtime/tensor/tensor.h"
#include "shim/keras/layers/layer.h"
#include "shim/module.h"

namespace keen::test {

// A product and a bias on get_variable, in scope "dense".
class DenseLayer final : public keras::layers::Layer {
 public:
  explicit DenseLayer(std::int64_t units) : units_(units) {}

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  std::int64_t units_;
};

// The same as a plain module.
class DenseModule final : public Module {
 public:
  explicit DenseModule(std::int64_t units) : units_(units) {}
  Tensor operator()(const Tensor& inputs);

 private:
  std::int64_t units_;
};

// v1.layers: conv2d, flatten, dense in scope "model".
class CompatV1LayerModel final : public keras::layers::Layer {
 public:
  explicit CompatV1LayerModel(std::int64_t units) : units_(units) {}

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  std::int64_t units_;
};

// v1.layers.batch_normalization in scope "batch_norm_layer".
class CompatV1BatchNorm final : public keras::layers::Layer {
 public:
  explicit CompatV1BatchNorm(double momentum = 0.99, std::optional<bool> fused = std::nullopt)
      : momentum_(momentum), fused_(fused) {}

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override;

 private:
  double momentum_;
  std::optional<bool> fused_;
};

}  // namespace keen::test
