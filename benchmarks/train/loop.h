// The training loop: epochs of steps, a test after each.
#pragma once

#include <cstdint>
#include <functional>

#include "benchmarks/train/batches.h"
#include "benchmarks/train/history.h"
#include "benchmarks/train/options.h"
#include "benchmarks/train/progress.h"

namespace keen::trainer {

struct StepResult {
  double loss = 0;           // of the batch before the update, with regularization
  std::int64_t correct = 0;  // images that were classified right, before the update
};

class Model {
 public:
  virtual ~Model() = default;
  // `progress` is the share of the run's steps that came before, 0 to below 1.
  virtual StepResult train_step(const Batch& batch, double progress) = 0;
  // How many images are classified right, without any update.
  virtual std::int64_t count_correct(const Batch& batch) = 0;
};

// Trains for options.epochs, or until `stop`, asked after every step, says so; answers what has
// been measured up to then. Shows progress, and a line for each epoch.
[[nodiscard]] History train(Model& model, const data::FashionMnist& images, const Options& options,
                            Progress& progress, const std::function<bool()>& stop);

}  // namespace keen::trainer
