#include "benchmarks/support/measure_steps.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "benchmarks/support/memory_calls.h"
#include "benchmarks/support/process_stats.h"

namespace keen::bench {
namespace {

constexpr int kCheckedSteps = 5;
// From the third step on nothing is made for the first time: optimizer slots and primitives come
// with the first, and memory settles with the second, when the first one's last tensors have been
// let go.
constexpr int kWarmSteps = 5;

constexpr double to_mb(std::int64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

class StepBenchmark {
 public:
  StepBenchmark(bool counts_calls, std::function<Step()> make,
                std::function<void(benchmark::UserCounters&)> more)
      : counts_calls_(counts_calls), make_(std::move(make)), more_(std::move(more)) {}

  void run(benchmark::State& state) {
    if (!step_) start();
    for (int i = 0; i < kWarmSteps; ++i) step_();
    const std::int64_t faults = minor_page_faults();
    const std::int64_t calls = memory_calls();
    for (auto _ : state) benchmark::DoNotOptimize(step_());
    const auto per_step = [&](std::int64_t count) {
      return static_cast<double>(count) / static_cast<double>(state.iterations());
    };
    state.counters["faults"] = per_step(minor_page_faults() - faults);
    if (counts_calls_) state.counters["memory_calls"] = per_step(memory_calls() - calls);
    state.counters["check_loss"] = loss_;
    state.counters["resident_before_mb"] = to_mb(resident_before_);
    state.counters["peak_resident_mb"] = to_mb(peak_resident_bytes());
    if (more_) more_(state.counters);
  }

 private:
  void start() {
    step_ = make_();
    resident_before_ = resident_bytes();
    for (int i = 0; i <= kCheckedSteps; ++i) loss_ = step_();
    if (counts_calls_) start_counting_memory_calls();
  }

  bool counts_calls_;
  std::function<Step()> make_;
  std::function<void(benchmark::UserCounters&)> more_;
  Step step_;
  float loss_ = 0;
  std::int64_t resident_before_ = 0;
};

}  // namespace

benchmark::internal::Benchmark* register_steps(const BenchmarkOptions& options,
                                               const std::string& name, std::function<Step()> make,
                                               std::function<void(benchmark::UserCounters&)> more) {
  auto steps =
      std::make_shared<StepBenchmark>(options.count_memory_calls, std::move(make), std::move(more));
  return benchmark::RegisterBenchmark(name.c_str(),
                                      [steps](benchmark::State& state) { steps->run(state); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace keen::bench
