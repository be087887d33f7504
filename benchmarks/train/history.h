// What a training run has measured, and its forms for people and programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keen::trainer {

struct StepRecord {
  int epoch = 0;          // from 1
  std::int64_t step = 0;  // from 1, counted over all epochs
  double loss = 0;        // of the batch before its update, with regularization
  double accuracy = 0;    // of the batch before its update
  double images_per_second = 0;
};

struct EpochRecord {
  int epoch = 0;
  std::int64_t last_step = 0;
  double loss = 0;  // mean over the images of the epoch, as is accuracy
  double accuracy = 0;
  std::optional<double> test_accuracy;  // none if the run was stopped before it was measured
  double images_per_second = 0;
  double seconds = 0;  // of the training alone
};

struct History {
  std::int64_t steps_per_epoch = 1;
  std::vector<StepRecord> steps;
  std::vector<EpochRecord> epochs;

  // The test accuracy measured last, if any.
  [[nodiscard]] std::optional<double> last_test_accuracy() const;
};

// One line per step: epoch, step, loss, accuracy, images_per_second, and test_accuracy, which is
// given in the last line of each epoch. Numbers are exact: reading one back gives the same float.
[[nodiscard]] std::string to_csv(const History& history);

// One line per epoch, under a line of headings.
[[nodiscard]] std::string to_table(const History& history);

// "test accuracy: 0.9041".
[[nodiscard]] std::string test_accuracy_line(const History& history);

}  // namespace keen::trainer
