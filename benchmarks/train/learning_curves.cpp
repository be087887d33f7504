#include "benchmarks/train/learning_curves.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "benchmarks/train/svg_chart.h"

namespace keen::trainer {
namespace {

constexpr std::size_t kMaxPoints = 1000;  // more can't be told apart, and make the file large
constexpr std::size_t kSmoothPoints = 60;
constexpr char kTrainColor[] = "#1f77b4";
constexpr char kTrainFaint[] = "#b9d3e8";
constexpr char kTestColor[] = "#e0661f";

// The loss over epochs: means over groups of neighbouring steps, at most `max_points` of them.
std::vector<std::pair<double, double>> mean_losses(const History& history, std::size_t max_points) {
  std::vector<std::pair<double, double>> points;
  const std::size_t steps = history.steps.size();
  const std::size_t group = (steps + max_points - 1) / max_points;
  for (std::size_t first = 0; first < steps; first += group) {
    const std::size_t last = std::min(first + group, steps);
    double loss = 0;
    for (std::size_t i = first; i < last; ++i) loss += history.steps[i].loss;
    points.emplace_back(
        static_cast<double>(first + last + 1) / 2 / static_cast<double>(history.steps_per_epoch),
        loss / static_cast<double>(last - first));
  }
  return points;
}

}  // namespace

std::string draw_learning_curves(const History& history) {
  const double epochs = static_cast<double>(std::max<std::size_t>(history.steps.size(), 1)) /
                        static_cast<double>(history.steps_per_epoch);
  Chart losses{.title = "Training loss", .x_label = "epoch", .x_max = epochs, .curves = {}};
  losses.curves = {
      {.label = "steps",
       .color = kTrainFaint,
       .width = 1,
       .points = mean_losses(history, kMaxPoints)},
      {.label = "smoothed", .color = kTrainColor, .points = mean_losses(history, kSmoothPoints)}};
  Curve train{.label = "training images", .color = kTrainColor, .markers = true, .points = {}};
  Curve test{.label = "test images", .color = kTestColor, .markers = true, .points = {}};
  for (const EpochRecord& epoch : history.epochs) {
    const double x =
        static_cast<double>(epoch.last_step) / static_cast<double>(history.steps_per_epoch);
    train.points.emplace_back(x, epoch.accuracy);
    if (epoch.test_accuracy) test.points.emplace_back(x, *epoch.test_accuracy);
  }
  const Chart accuracies{
      .title = "Accuracy", .x_label = "epoch", .x_max = epochs, .curves = {train, test}};
  return draw_svg({losses, accuracies});
}

}  // namespace keen::trainer
