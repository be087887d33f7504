#include "benchmarks/train/options.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "shim/data/fashion_mnist.h"

namespace keen::trainer {
namespace {

const std::map<std::string, Mode> kModes = {{"eager", Mode::kEager}, {"traced", Mode::kTraced}};
const std::map<std::string, OptimizerKind> kOptimizers = {
    {"adam", OptimizerKind::kAdam},
    {"momentum", OptimizerKind::kMomentum},
    {"nesterov", OptimizerKind::kNesterov},
    {"gradient_descent", OptimizerKind::kGradientDescent},
    {"sgd", OptimizerKind::kGradientDescent}};

// What NumPy, and so keras.utils.set_random_seed, takes.
constexpr std::int64_t kMaxSeed = (std::int64_t{1} << 32) - 1;

// CLI11's own PositiveNumber lets "inf" and "nan" pass.
std::string check_rate(const std::string& value) {
  double rate = 0;
  const bool good = CLI::detail::lexical_cast(value, rate) && std::isfinite(rate) && rate > 0;
  return good ? "" : "must be a positive number, is " + value;
}

// An option that is one of the names of `choices`.
template <class Value>
void add_choice(CLI::App& app, const std::string& name, Value& value,
                const std::map<std::string, Value>& choices, const std::string& meaning,
                const std::string& preset) {
  app.add_option_function<std::string>(
         name, [&value, &choices](const std::string& given) { value = choices.at(given); }, meaning)
      ->check(CLI::IsMember(&choices))
      ->type_name("NAME")
      ->default_str(preset);
}

// An option that is a whole number of [low, high].
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value, Number low,
                        const std::string& meaning,
                        Number high = std::numeric_limits<Number>::max()) {
  CLI::Range range(low, high);
  range.description("");  // the help is short without the largest number
  return app.add_option(name, value, meaning)->check(range)->type_name("N");
}

void describe(CLI::App& app, Options& options) {
  add_choice(app, "--mode", options.mode, kModes, "eager, or traced through keen::function",
             "eager");
  add_number(app, "--epochs", options.epochs, 1, "Passes over the training images")
      ->capture_default_str();
  add_number(app, "--batch-size", options.batch_size, std::int64_t{1}, "Images per step")
      ->capture_default_str();
  add_choice(app, "--optimizer", options.optimizer, kOptimizers, "Way of updating the weights",
             "adam");
  app.add_option("--learning-rate", options.learning_rate,
                 "Step size of the first update; it falls to 0 along a cosine")
      ->check(check_rate)
      ->type_name("RATE")
      ->capture_default_str();
  add_number(app, "--seed", options.seed, std::int64_t{0},
             "Decides weights, dropout and the order of the images", kMaxSeed)
      ->capture_default_str();
  app.add_option("--device", options.device, "Where to train, such as cpu:0")->type_name("DEVICE");
  add_number(app, "--threads", options.threads, 1, "Threads that the ops use; default: all cores");
  app.add_option("--data-dir", options.data_dir, "Folder of the four gzipped IDX files")
      ->type_name("FOLDER")
      ->capture_default_str();
  add_number(app, "--limit-images", options.limit_images, std::int64_t{1},
             "Use at most so many of the training and of the test images");
  app.add_option("--log-level", options.log_level, "Level of logging to standard error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->type_name("NAME");
  app.add_option("--csv", options.csv_path, "Write one line per step to this file")
      ->type_name("FILE");
  app.add_option("--plot", options.plot_path, "Write learning curves to this file, as SVG")
      ->type_name("FILE");
}

}  // namespace

std::optional<Options> parse_options(int argc, const char* const* argv, int* exit_code) {
  Options options;
  options.data_dir = data::kFashionMnistDirectory;
  CLI::App app("Trains a TF1-style convolutional network on Fashion-MNIST.", "train_fashion_mnist");
  describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error);
    return std::nullopt;
  }
  return options;
}

}  // namespace keen::trainer
