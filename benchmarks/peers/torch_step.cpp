// libtorch's training steps: the works of benchmarks/step.cpp.
#include <torch/torch.h>

#include <cstdint>
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

// A name is the work's name in Keen's program; what follows a colon tells the peer's forms of it
// apart.
void register_network(const InputsFile& inputs, std::int64_t batch, const std::string& suffix,
                      NetworkForm form) {
  keen::bench::register_steps("network_" + std::to_string(batch) + suffix, [inputs, batch, form] {
    return step_of(keen::bench::make_network(inputs, batch, form));
  });
}

void prepare(const keen::bench::BenchmarkOptions& options) {
  at::set_num_threads(options.threads);
  const InputsFile inputs(options.inputs);
  keen::bench::register_steps("mlp", [inputs] { return step_of(keen::bench::make_mlp(inputs)); });
  for (const std::int64_t batch : {64, 256}) {
    register_network(inputs, batch, "", {});
    register_network(inputs, batch, ":flipped", {.flipped = true});
    register_network(inputs, batch, ":channels_last", {.channels_last = true});
    register_network(inputs, batch, ":channels_last_flipped",
                     {.channels_last = true, .flipped = true});
  }
}

}  // namespace

int main(int argc, char** argv) { return keen::bench::run_benchmarks(argc, argv, prepare); }
