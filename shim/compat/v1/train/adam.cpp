#include "shim/compat/v1/train/adam.h"

#include "kernels/optimizers.h"

namespace keen::compat::v1::train {

AdamOptimizer::AdamOptimizer(const AdamArgs& args) : Optimizer(args.name), args_(args) {}

AdamOptimizer::AdamOptimizer(LearningRate learning_rate, AdamArgs args)
    : Optimizer(args.name), args_(std::move(args)) {
  args_.learning_rate = std::move(learning_rate);
}

void AdamOptimizer::create_shared(DType dtype) {
  add_shared("beta1_power", args_.beta1, dtype);
  add_shared("beta2_power", args_.beta2, dtype);
}

void AdamOptimizer::update(std::span<const Variable> variables, std::span<const Tensor> gradients) {
  keen::train::apply_adam(variables, args_.learning_rate.get(gradients.front().dtype()), gradients,
                          {.beta1 = args_.beta1, .beta2 = args_.beta2, .epsilon = args_.epsilon});
}

}  // namespace keen::compat::v1::train
