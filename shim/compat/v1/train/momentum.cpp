#include "shim/compat/v1/train/momentum.h"

#include "kernels/optimizers.h"

namespace keen::compat::v1::train {

MomentumOptimizer::MomentumOptimizer(LearningRate learning_rate, double momentum,
                                     const MomentumArgs& args)
    : Optimizer(args.name),
      learning_rate_(std::move(learning_rate)),
      momentum_(momentum),
      use_nesterov_(args.use_nesterov) {}

void MomentumOptimizer::update(std::span<const Variable> variables,
                               std::span<const Tensor> gradients) {
  keen::train::apply_momentum(variables, learning_rate_.get(gradients.front().dtype()), gradients,
                              {.momentum = momentum_, .use_nesterov = use_nesterov_});
}

}  // namespace keen::compat::v1::train
