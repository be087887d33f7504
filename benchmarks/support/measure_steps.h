#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "benchmarks/support/benchmark_main.h"

namespace keen::bench {

// One training step; returns the loss before its update.
using Step = std::function<float()>;

// Registers the benchmark `name`, the real time of one warm step of the model that `make` builds.
// The model is built when the benchmark is first run, and kept. Counters, for Keen and for a peer
// alike:
//   check_loss           the loss after 5 steps
//   faults               minor page faults per step, of warm steps
//   memory_calls         memory system calls per step, of warm steps, if the options say so
//   resident_before_mb   resident memory of the process before the first step, in 10^6 bytes
//   peak_resident_mb     the most there was; it says something of the step if this benchmark is
//   the process's only one
// `more` may add counters when the steps are done.
benchmark::internal::Benchmark* register_steps(
    const BenchmarkOptions& options, const std::string& name, std::function<Step()> make,
    std::function<void(benchmark::UserCounters&)> more = {});

}  // namespace keen::bench
