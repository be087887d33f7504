#include "benchmarks/train/history.h"

#include <cstddef>

#include "benchmarks/train/print.h"

namespace keen::trainer {

std::optional<double> History::last_test_accuracy() const {
  for (auto epoch = epochs.rbegin(); epoch != epochs.rend(); ++epoch) {
    if (epoch->test_accuracy) return epoch->test_accuracy;
  }
  return std::nullopt;
}

std::string to_csv(const History& history) {
  std::string csv = "epoch,step,loss,accuracy,images_per_second,test_accuracy\n";
  std::size_t epoch = 0;
  for (const StepRecord& step : history.steps) {
    csv += print("%d,%lld,%.9g,%.9g,%.1f,", step.epoch, static_cast<long long>(step.step),
                 step.loss, step.accuracy, step.images_per_second);
    if (epoch < history.epochs.size() && history.epochs[epoch].last_step == step.step) {
      const std::optional<double>& accuracy = history.epochs[epoch++].test_accuracy;
      if (accuracy) csv += print("%.9g", *accuracy);
    }
    csv += '\n';
  }
  return csv;
}

std::string to_table(const History& history) {
  std::string table = "epoch    loss  accuracy  test accuracy  images/s  seconds\n";
  for (const EpochRecord& epoch : history.epochs) {
    const std::string tested = epoch.test_accuracy ? print("%.4f", *epoch.test_accuracy) : "-";
    table += print("%5d  %6.4f  %8.4f  %13s  %8.0f  %7.1f\n", epoch.epoch, epoch.loss,
                   epoch.accuracy, tested.c_str(), epoch.images_per_second, epoch.seconds);
  }
  return table;
}

std::string test_accuracy_line(const History& history) {
  const std::optional<double> accuracy = history.last_test_accuracy();
  return "test accuracy: " + (accuracy ? print("%.4f", *accuracy) : "not measured");
}

}  // namespace keen::trainer
