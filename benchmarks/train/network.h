// The network that train_fashion_mnist trains, and one step of its training.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "benchmarks/train/options.h"
#include "shim/keen.h"

namespace keen::trainer {

// Two convolutions and two dense layers, written as for TF1; 12 trainable variables with 1.63
// million parameters.
class Network final : public keras::layers::Layer {
 protected:
  // images [batch, 28, 28, 1] to logits [batch, 10].
  Tensor call(const Tensor& images, const CallArgs& args) override;
};

// The network with its optimizer. The first step makes the variables.
class NetworkTrainer {
 public:
  NetworkTrainer(OptimizerKind optimizer, double learning_rate);

  // Sets the learning rate of the steps to come.
  void set_learning_rate(double rate);
  // Loss and logits of a batch before the update: images [batch, 28, 28, 1] float32, labels [batch]
  // of integers.
  std::pair<Tensor, Tensor> step(const Tensor& images, const Tensor& labels);
  // Logits, in inference.
  Tensor logits(const Tensor& images) { return network_(images, {.training = false}); }
  // All variables, those of the optimizer too.
  [[nodiscard]] std::vector<Variable> variables() const;

 private:
  Network network_;
  Variable rate_;
  std::unique_ptr<compat::v1::train::Optimizer> optimizer_;
};

}  // namespace keen::trainer
