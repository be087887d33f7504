// libtorch's cost of an op: the works of benchmarks/dispatch.cpp.
#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/inputs_file.h"

namespace {

using torch::Tensor;

constexpr int kAdds = 100;

struct Operands {
  Tensor a;
  Tensor b;
};

Tensor to_tensor(const keen::bench::Array& array) {
  return torch::tensor(array.values).reshape(array.shape);
}

void check_sum(benchmark::State& state, const char* name, const Tensor& tensor) {
  state.counters[name] = tensor.sum().item<double>();
}

void add_loop(benchmark::State& state, const Tensor& a, const Tensor& b) {
  for (auto _ : state) {
    Tensor sum = a + b;
    benchmark::DoNotOptimize(sum);
  }
  check_sum(state, "check_sum", a + b);
}

void add(benchmark::State& state, const Operands& operands) {
  torch::NoGradGuard no_grad;
  add_loop(state, operands.a, operands.b);
}

// Inference tensors: no version counter, no autograd dispatch. Cheaper than no_grad where it can be
// used.
void add_inference(benchmark::State& state, const Operands& operands) {
  c10::InferenceMode inference;
  add_loop(state, operands.a.clone(), operands.b.clone());
}

// An intermediate's node goes with it, so one iteration leaves nothing behind.
void add_on_tape(benchmark::State& state, const Operands& operands) {
  add_loop(state, operands.a.clone().requires_grad_(), operands.b);
}

Tensor chain_of_adds(const Tensor& x, const Tensor& b) {
  Tensor y = x;
  for (int i = 0; i < kAdds; ++i) y = y + b;
  return y;
}

void chain(benchmark::State& state, const Operands& operands) {
  const Tensor x = operands.a.clone().requires_grad_();
  const Tensor seed = torch::ones_like(operands.a);
  while (state.KeepRunningBatch(kAdds)) {
    auto gradients = torch::autograd::grad({chain_of_adds(x, operands.b)}, {x}, {seed});
    benchmark::DoNotOptimize(gradients);
  }
  const Tensor y = chain_of_adds(x, operands.b);
  check_sum(state, "check_sum", y);
  check_sum(state, "check_gradient", torch::autograd::grad({y}, {x}, {seed})[0]);
}

// A name is the work's name in Keen's program; what follows a colon tells the peer's forms of it
// apart.
void prepare(const keen::bench::BenchmarkOptions& options) {
  at::set_num_threads(options.threads);
  const keen::bench::InputsFile inputs(options.inputs);
  const Operands operands{to_tensor(inputs.read("add/a")), to_tensor(inputs.read("add/b"))};
  benchmark::RegisterBenchmark("add", add, operands)->UseRealTime();
  benchmark::RegisterBenchmark("add:inference_mode", add_inference, operands)->UseRealTime();
  benchmark::RegisterBenchmark("add_on_tape", add_on_tape, operands)->UseRealTime();
  benchmark::RegisterBenchmark("chain", chain, operands)->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) { return keen::bench::run_benchmarks(argc, argv, prepare); }
