#include "benchmarks/support/benchmark_main.h"

#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

namespace keen::bench {

int run_benchmarks(int argc, char** argv,
                   const std::function<void(const BenchmarkOptions&)>& prepare) {
  benchmark::Initialize(&argc, argv);
  BenchmarkOptions options;
  CLI::App app("Every --benchmark_... option of Google Benchmark is taken too.");
  app.add_option("--inputs", options.inputs, "file of weights and inputs, made by write_inputs")
      ->required();
  app.add_option("--threads", options.threads, "threads to compute with")
      ->check(CLI::PositiveNumber);
  app.add_flag("--count-memory-calls", options.count_memory_calls,
               "count the memory system calls of a step, which makes them slower");
  CLI11_PARSE(app, argc, argv);
  benchmark::AddCustomContext("threads", std::to_string(options.threads));
  if (options.count_memory_calls) benchmark::AddCustomContext("untimed", "counts memory calls");
  try {
    prepare(options);
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  if (options.count_memory_calls) {
    // Without the end of its threads: see start_counting_memory_calls.
    std::cout.flush();
    std::_Exit(0);
  }
  benchmark::Shutdown();
  return 0;
}

}  // namespace keen::bench
