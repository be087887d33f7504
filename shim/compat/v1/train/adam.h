// Adam (tf.compat.v1.train.AdamOptimizer; Kingma and Ba 2015, the form before section 2.1).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "shim/compat/v1/train/optimizer.h"

namespace keen::compat::v1::train {

struct AdamArgs {
  LearningRate learning_rate = 0.001;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;  // "epsilon hat" of the paper
  std::string name = "Adam";
};

// Slots "m" and "v", named "<variable>/Adam" and "<variable>/Adam_1"; the powers of the betas are
// variables of their own.
class AdamOptimizer final : public Optimizer {
 public:
  explicit AdamOptimizer(const AdamArgs& args = {});
  explicit AdamOptimizer(LearningRate learning_rate, AdamArgs args = {});

 protected:
  [[nodiscard]] std::vector<std::string> slot_names() const override { return {"m", "v"}; }
  void create_shared(DType dtype) override;
  void update(std::span<const Variable> variables, std::span<const Tensor> gradients) override;

 private:
  AdamArgs args_;
};

}  // namespace keen::compat::v1::train
