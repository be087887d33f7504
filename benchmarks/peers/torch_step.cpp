// libtorch's training steps: the works of benchmarks/step.cpp.
#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "benchmarks/peers/torch_models.h"
#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/inputs_file.h"
#include "benchmarks/support/measure_steps.h"

namespace {

using keen::bench::InputsFile;
using keen::bench::NetworkForm;
using keen::bench::Step;
using keen::bench::TrainedModel;

Step step_of(const std::shared_ptr<TrainedModel>& model) {
  return [model] { return model->step(); };
}

void prepare(const keen::bench::BenchmarkOptions& options) {
  at::set_num_threads(options.threads);
  const InputsFile inputs(options.inputs);
  keen::bench::register_steps(options, "mlp",
                              [inputs] { return step_of(keen::bench::make_mlp(inputs)); });
  // A name is the work's name in Keen's program; what follows a colon tells the peer's forms apart.
  const std::map<std::string, NetworkForm> forms{
      {"", {}},
      {":flipped", {.flipped = true}},
      {":channels_last", {.channels_last = true}},
      {":channels_last_flipped", {.channels_last = true, .flipped = true}}};
  for (const std::int64_t batch : {64, 256}) {
    for (const auto& [suffix, form] : forms) {
      const auto make = [inputs, batch, form = form] {
        return step_of(keen::bench::make_network(inputs, batch, form));
      };
      keen::bench::register_steps(options, "network_" + std::to_string(batch) + suffix, make);
    }
  }
}

}  // namespace

int main(int argc, char** argv) { return keen::bench::run_benchmarks(argc, argv, prepare); }
