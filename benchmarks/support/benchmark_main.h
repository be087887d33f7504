#pragma once

#include <functional>
#include <string>

namespace keen::bench {

struct BenchmarkOptions {
  std::string inputs;  // the file that write_inputs wrote
  int threads = 1;
  bool count_memory_calls = false;  // of a step; its time then says nothing
};

// The main function of a Google Benchmark program, of Keen or of a peer: reads --inputs and
// --threads beside Google Benchmark's own options, lets `prepare` register what there is, and runs
// it. Returns the exit code; an error is one line on stderr.
int run_benchmarks(int argc, char** argv,
                   const std::function<void(const BenchmarkOptions&)>& prepare);

}  // namespace keen::bench
