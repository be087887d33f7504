// Loss and accuracies of a run over its epochs, as a drawing.
#pragma once

#include <string>

#include "benchmarks/train/history.h"

namespace keen::trainer {

// SVG; two charts: the training loss, of steps and smoothed, and the accuracies of each epoch.
[[nodiscard]] std::string draw_learning_curves(const History& history);

}  // namespace keen::trainer
