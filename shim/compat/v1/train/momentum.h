// Momentum (tf.compat.v1.train.MomentumOptimizer).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shim/compat/v1/train/optimizer.h"

namespace keen::compat::v1::train {

struct MomentumArgs {
  std::string name = "Momentum";
  bool use_nesterov = false;
};

// accum = accum * momentum + gradient; var -= learning_rate * accum, or Nesterov's form. Slot
// "momentum".
class MomentumOptimizer final : public Optimizer {
 public:
  MomentumOptimizer(LearningRate learning_rate, double momentum, const MomentumArgs& args = {});

 protected:
  [[nodiscard]] std::vector<std::string> slot_names() const override { return {"momentum"}; }
  void update(std::span<const Variable> variables, std::span<const Tensor> gradients) override;

 private:
  LearningRate learning_rate_;
  double momentum_;
  bool use_nesterov_;
};

}  // namespace keen::compat::v1::train
