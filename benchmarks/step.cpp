// What a training step costs: time, memory, page faults.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>

#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/inputs_file.h"
#include "benchmarks/support/measure_steps.h"
#include "benchmarks/support/step_models.h"
#include "runtime/device/config.h"
#include "runtime/device/device.h"

namespace {

// In 10^6 bytes, of all tensors of the process: run one benchmark alone to read it.
void add_peak_tensor_mb(benchmark::UserCounters& counters) {
  const auto info = keen::config::experimental::get_memory_info(keen::cpu());
  counters["peak_tensor_mb"] = static_cast<double>(info.peak) * 1e-6;
}

// A name is that of the work in the peers' programs; what follows a colon tells Keen's forms apart.
void prepare(const keen::bench::BenchmarkOptions& options) {
  keen::config::threading::set_intra_op_parallelism_threads(options.threads);
  const keen::bench::InputsFile inputs(options.inputs);
  const auto add = [&](const std::string& name, const std::function<keen::bench::Step()>& make) {
    keen::bench::register_steps(options, name, make, add_peak_tensor_mb);
  };
  add("mlp", [inputs] { return keen::bench::make_mlp_step(inputs); });
  add("mlp:shim", [inputs] { return keen::bench::make_shim_mlp_step(inputs); });
  for (const std::int64_t batch : {64, 256}) {
    const std::string name = "network_" + std::to_string(batch);
    add(name, [inputs, batch] { return keen::bench::make_network_step(inputs, batch); });
    add(name + ":shim",
        [inputs, batch] { return keen::bench::make_shim_network_step(inputs, batch); });
  }
}

}  // namespace

int main(int argc, char** argv) { return keen::bench::run_benchmarks(argc, argv, prepare); }
