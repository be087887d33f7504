#include "benchmarks/train/program.h"

#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "benchmarks/train/history.h"
#include "benchmarks/train/interrupt.h"
#include "benchmarks/train/learning_curves.h"
#include "benchmarks/train/print.h"
#include "benchmarks/train/progress.h"
#include "runtime/base/error.h"
#include "runtime/base/logging.h"
#include "runtime/base/output_file.h"
#include "runtime/device/config.h"
#include "shim/data/fashion_mnist.h"

namespace keen::trainer {
namespace {

constexpr int kFailure = 1;
constexpr int kDataFailure = 2;

void report(const std::exception& error, const char* hint = "") {
  std::fflush(stdout);
  std::fprintf(stderr, "train_fashion_mnist: %s%s\n", error.what(), hint);
}

std::optional<data::FashionMnist> load(const Options& options) {
  try {
    data::FashionMnist images = data::load_fashion_mnist(options.data_dir);
    images.train.keep_first(options.limit_images);
    images.test.keep_first(options.limit_images);
    return images;
  } catch (const NotFoundError& error) {
    report(error,
           " (Debian's dataset-fashion-mnist has the files; --data-dir says where they are)");
  } catch (const std::exception& error) {
    report(error);
  }
  return std::nullopt;
}

// Whether the file is as it should be: written, or not asked for.
bool write_result(const std::string& path, const std::string& contents) {
  if (path.empty()) return true;
  try {
    write_file(path, contents);
    return true;
  } catch (const Error& error) {
    report(error);
    return false;
  }
}

int train_and_report(const Options& options, const data::FashionMnist& images,
                     const MakeModel& make_model) {
  for (const std::string& path : {options.csv_path, options.plot_path}) {
    if (!path.empty()) check_writable(path);
  }
  const std::unique_ptr<Model> model = make_model(options);
  Progress progress(stdout);
  const History history = train(*model, images, options, progress, interrupted);
  std::printf("\n%s", to_table(history).c_str());
  const bool csv = write_result(options.csv_path, to_csv(history));
  const bool plot = write_result(options.plot_path, draw_learning_curves(history));
  std::printf("%s\n", test_accuracy_line(history).c_str());
  if (std::fflush(stdout) != 0) throw UnavailableError("cannot write to standard output");
  return csv && plot ? 0 : kFailure;
}

}  // namespace

int run_program(int argc, const char* const* argv, const MakeModel& make_model) {
  int exit_code = 0;
  const std::optional<Options> options = parse_options(argc, argv, &exit_code);
  if (!options) return exit_code;
  try {
    catch_interrupt();
    if (!options->log_level.empty()) set_log_level(options->log_level);
    config::threading::set_intra_op_parallelism_threads(options->threads);
    const std::optional<data::FashionMnist> images = load(*options);
    if (!images) return kDataFailure;
    return train_and_report(*options, *images, make_model);
  } catch (const std::exception& error) {
    report(error);
    return kFailure;
  }
}

}  // namespace keen::trainer
