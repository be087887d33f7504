// What an op costs beside its arithmetic: additions of 10 float32.
#include <benchmark/benchmark.h>

#include <numeric>

#include "benchmarks/support/benchmark_main.h"
#include "benchmarks/support/inputs_file.h"
#include "kernels/elementwise.h"
#include "runtime/autodiff/tape.h"
#include "runtime/device/config.h"
#include "runtime/tensor/tensor.h"

namespace {

using keen::GradientTape;
using keen::Tensor;

constexpr int kAdds = 100;

struct Operands {
  Tensor a;
  Tensor b;
};

Tensor to_tensor(const keen::bench::Array& array) {
  return Tensor::from_vector(array.values, keen::Shape(array.shape));
}

void check_sum(benchmark::State& state, const char* name, const Tensor& tensor) {
  const auto values = tensor.data<float>();
  state.counters[name] = std::accumulate(values.begin(), values.end(), 0.0);
}

void add(benchmark::State& state, const Operands& operands) {
  for (auto _ : state) {
    Tensor sum = operands.a + operands.b;
    benchmark::DoNotOptimize(sum);
  }
  check_sum(state, "check_sum", operands.a + operands.b);
}

// Per addition, with its share of a tape that records 100 of them and is then dropped.
void add_on_tape(benchmark::State& state, const Operands& operands) {
  while (state.KeepRunningBatch(kAdds)) {
    GradientTape tape;
    tape.watch(operands.a);
    for (int i = 0; i < kAdds; ++i) {
      Tensor sum = operands.a + operands.b;
      benchmark::DoNotOptimize(sum);
    }
  }
  check_sum(state, "check_sum", operands.a + operands.b);
}

Tensor chain_of_adds(const Tensor& x, const Tensor& b) {
  Tensor y = x;
  for (int i = 0; i < kAdds; ++i) y = y + b;
  return y;
}

// Per addition: forward on a tape, and the gradient back to the first operand.
void chain(benchmark::State& state, const Operands& operands) {
  while (state.KeepRunningBatch(kAdds)) {
    GradientTape tape;
    tape.watch(operands.a);
    Tensor gradient = tape.gradient(chain_of_adds(operands.a, operands.b), operands.a);
    benchmark::DoNotOptimize(gradient);
  }
  GradientTape tape;
  tape.watch(operands.a);
  const Tensor y = chain_of_adds(operands.a, operands.b);
  check_sum(state, "check_sum", y);
  check_sum(state, "check_gradient", tape.gradient(y, operands.a));
}

void prepare(const keen::bench::BenchmarkOptions& options) {
  keen::config::threading::set_intra_op_parallelism_threads(options.threads);
  const keen::bench::InputsFile inputs(options.inputs);
  const Operands operands{to_tensor(inputs.read("add/a")), to_tensor(inputs.read("add/b"))};
  benchmark::RegisterBenchmark("add", add, operands)->UseRealTime();
  benchmark::RegisterBenchmark("add_on_tape", add_on_tape, operands)->UseRealTime();
  benchmark::RegisterBenchmark("chain", chain, operands)->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) { return keen::bench::run_benchmarks(argc, argv, prepare); }
