#include "shim/compat/v1/train/gradient_descent.h"

#include "kernels/optimizers.h"

namespace keen::compat::v1::train {

GradientDescentOptimizer::GradientDescentOptimizer(LearningRate learning_rate,
                                                   const GradientDescentArgs& args)
    : Optimizer(args.name), learning_rate_(std::move(learning_rate)) {}

void GradientDescentOptimizer::update(std::span<const Variable> variables,
                                      std::span<const Tensor> gradients) {
  keen::train::apply_gradient_descent(variables, learning_rate_.get(gradients.front().dtype()),
                                      gradients);
}

}  // namespace keen::compat::v1::train
