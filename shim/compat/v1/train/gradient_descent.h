// Gradient descent (tf.compat.v1.train.GradientDescentOptimizer).
#pragma once

#include <span>
#include <string>

#include "shim/compat/v1/train/optimizer.h"

namespace keen::compat::v1::train {

struct GradientDescentArgs {
  std::string name = "GradientDescent";
};

// var -= learning_rate * gradient
class GradientDescentOptimizer final : public Optimizer {
 public:
  explicit GradientDescentOptimizer(LearningRate learning_rate,
                                    const GradientDescentArgs& args = {});

 protected:
  void update(std::span<const Variable> variables, std::span<const Tensor> gradients) override;

 private:
  LearningRate learning_rate_;
};

}  // namespace keen::compat::v1::train
