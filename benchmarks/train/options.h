// The command line of train_fashion_mnist.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace keen::trainer {

enum class Mode { kEager, kTraced };
enum class OptimizerKind { kAdam, kMomentum, kNesterov, kGradientDescent };

struct Options {
  Mode mode = Mode::kEager;
  int epochs = 5;
  std::int64_t batch_size = 128;
  OptimizerKind optimizer = OptimizerKind::kAdam;
  double learning_rate = 1e-3;
  std::int64_t seed = 1;
  std::string device;  // empty: the default device
  int threads = 0;     // 0: as many as the process may use
  std::string data_dir;
  std::int64_t limit_images = std::numeric_limits<std::int64_t>::max();
  std::string log_level;  // empty: as KEEN_LOG_LEVEL says
  std::string csv_path;   // empty: no file
  std::string plot_path;
};

// Reads the command line. Where the program is to end at once, after `--help` or a wrong option,
// prints what there is to say and answers nothing, with the exit code in *exit_code.
[[nodiscard]] std::optional<Options> parse_options(int argc, const char* const* argv,
                                                   int* exit_code);

}  // namespace keen::trainer
