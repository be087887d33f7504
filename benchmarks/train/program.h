// The program around a model: options, data, training, results.
#pragma once

#include <functional>
#include <memory>

#include "benchmarks/train/loop.h"
#include "benchmarks/train/options.h"

namespace keen::trainer {

using MakeModel = std::function<std::unique_ptr<Model>(const Options&)>;

// What main returns: 0 also after Ctrl-C; 2 if the data can't be read; CLI11's codes, above 100,
// for wrong options; 1 for other errors. Each error is one line on standard error.
[[nodiscard]] int run_program(int argc, const char* const* argv, const MakeModel& make_model);

}  // namespace keen::trainer
