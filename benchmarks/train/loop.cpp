#include "benchmarks/train/loop.h"

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "benchmarks/train/print.h"

namespace keen::trainer {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Loop {
 public:
  Loop(Model& model, const data::FashionMnist& images, const Options& options, Progress& progress,
       const std::function<bool()>& stop)
      : model_(model),
        options_(options),
        progress_(progress),
        stop_(stop),
        random_(static_cast<std::uint64_t>(options.seed)),
        // All of one size: a function is traced once, and its random ops go on in one stream each,
        // as those of eager execution do.
        train_(images.train, options.batch_size, Remainder::kFillUp),
        test_(images.test, options.batch_size, Remainder::kSmaller) {
    history_.steps_per_epoch = train_.count();
  }

  History run() {
    for (int epoch = 1; epoch <= options_.epochs && !stop_(); ++epoch) {
      EpochRecord record = train_epoch(epoch);
      if (!stop_()) record.test_accuracy = measure();
      history_.epochs.push_back(record);
      report(record);
    }
    if (stop_()) progress_.print_line(print("interrupted after step %zu", history_.steps.size()));
    return std::move(history_);
  }

 private:
  EpochRecord train_epoch(int epoch) {
    EpochRecord record;
    record.epoch = epoch;
    double loss = 0;
    std::int64_t correct = 0;
    std::int64_t seen = 0;
    train_.shuffle(random_);
    train_.rewind();
    for (std::int64_t step = 1; step <= train_.count(); ++step) {
      const Clock::time_point start = Clock::now();
      const Batch batch = train_.next();
      const double progress = static_cast<double>(history_.steps.size()) / steps_of_run();
      const StepResult result = model_.train_step(batch, progress);
      const double seconds = seconds_since(start);
      const auto size = static_cast<double>(batch.size);
      loss += result.loss * size;
      correct += result.correct;
      seen += batch.size;
      record.seconds += seconds;
      record.loss = loss / static_cast<double>(seen);
      record.accuracy = static_cast<double>(correct) / static_cast<double>(seen);
      record.images_per_second = static_cast<double>(seen) / record.seconds;
      record.last_step = static_cast<std::int64_t>(history_.steps.size()) + 1;
      history_.steps.push_back({.epoch = epoch,
                                .step = record.last_step,
                                .loss = result.loss,
                                .accuracy = static_cast<double>(result.correct) / size,
                                .images_per_second = size / seconds});
      show(record, step);
      if (stop_()) break;
    }
    return record;
  }

  [[nodiscard]] double steps_of_run() const {
    return static_cast<double>(options_.epochs) * static_cast<double>(train_.count());
  }

  void show(const EpochRecord& record, std::int64_t step) {
    const double steps_left = steps_of_run() - static_cast<double>(record.last_step);
    progress_.update({.epoch = record.epoch,
                      .epochs = options_.epochs,
                      .step = step,
                      .steps = train_.count(),
                      .loss = record.loss,
                      .accuracy = record.accuracy,
                      .images_per_second = record.images_per_second,
                      .seconds_left = steps_left * record.seconds / static_cast<double>(step)});
  }

  // The share of the test images that are classified right; none if stopped before the last.
  std::optional<double> measure() {
    test_.rewind();
    std::int64_t correct = 0;
    std::int64_t seen = 0;
    for (Batch batch = test_.next(); batch.size > 0; batch = test_.next()) {
      if (stop_()) return std::nullopt;
      correct += model_.count_correct(batch);
      seen += batch.size;
    }
    return static_cast<double>(correct) / static_cast<double>(seen);
  }

  void report(const EpochRecord& record) {
    std::string line = print("epoch %d/%d: loss %.4f, accuracy %.4f", record.epoch, options_.epochs,
                             record.loss, record.accuracy);
    if (record.test_accuracy) line += print(", test accuracy %.4f", *record.test_accuracy);
    line += print(" (%.1f s, %.0f images/s)", record.seconds, record.images_per_second);
    progress_.print_line(line);
  }

  Model& model_;
  const Options& options_;
  Progress& progress_;
  const std::function<bool()>& stop_;
  std::mt19937_64 random_;
  Batches train_;
  Batches test_;
  History history_;
};

}  // namespace

History train(Model& model, const data::FashionMnist& images, const Options& options,
              Progress& progress, const std::function<bool()>& stop) {
  return Loop(model, images, options, progress, stop).run();
}

}  // namespace keen::trainer
