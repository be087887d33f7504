// Bytes per second of kernels beside a copy on the device, and what each kernel takes of it.
// usage: gpu_bandwidth [MIB [RUNS]]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <vector>

#include "kernels/activations.h"
#include "kernels/batch_norm.h"
#include "kernels/elementwise.h"
#include "kernels/optimizers.h"
#include "kernels/reduce.h"
#include "kernels/softmax_cross_entropy.h"
#include "runtime/device/cuda/kernel_resources.h"
#include "runtime/device/device_context.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen::test {
namespace {

int runs = 20;

// Seconds of one call, when many are enqueued.
double seconds_of(const std::function<void()>& call) {
  auto& context = device::context(gpu());
  call();
  context.synchronize();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i) call();
  context.synchronize();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / runs;
}

// `bytes` for each of n elements is what the algorithm has to move.
void report(const char* name, std::int64_t n, int bytes, const std::function<void()>& call) {
  const double seconds = seconds_of(call);
  std::printf("%-24s %10.1f GB/s %10.3f ms\n", name,
              static_cast<double>(n) * bytes / seconds * 1e-9, seconds * 1e3);
  std::fflush(stdout);
}

void measure(std::int64_t n) {
  const DeviceScope scope(gpu());
  const std::int64_t channels = 64;
  const Tensor x = fill({n / channels, channels}, 0.5);
  const Tensor y = fill({n / channels, channels}, 0.25);
  const Tensor scale = fill({channels}, 1.0);
  report("copy", n, 8, [&] { static_cast<void>(op::execute(op::kCopy, {x})); });
  report("relu", n, 8, [&] { static_cast<void>(nn::relu(x)); });
  report("add", n, 12, [&] { static_cast<void>(add(x, y)); });
  report("reduce_sum, rows", n, 4, [&] { static_cast<void>(reduce_sum(x, {.axis = Axes(1)})); });
  report("reduce_sum, columns", n, 4, [&] { static_cast<void>(reduce_sum(x, {.axis = Axes(0)})); });
  report("softmax cross entropy", n, 12, [&] {
    static_cast<void>(
        op::execute(op::kSoftmaxCrossEntropyWithLogits, {x, y}, SoftmaxCrossEntropyArgs{}));
  });
  const Tensor image = fill({n / (channels * 64), 8, 8, channels}, 0.5);
  report("batch norm", n, 12, [&] {
    static_cast<void>(op::execute(op::kFusedBatchNormEx, {image, scale, scale, Tensor(), Tensor()},
                                  FusedBatchNormArgs{}));
  });
  std::vector<Variable> variables{Variable(fill({}, 0.9)), Variable(fill({}, 0.999))};
  for (int i = 0; i < 3; ++i) variables.emplace_back(fill({n}, 0.5));
  const std::vector<Tensor> gradients{fill({n}, 0.25)};
  const Tensor rate = fill({}, 0.01);
  report("adam", n, 28, [&] { train::apply_adam(variables, rate, gradients, {}); });
}

void list_kernels() {
  std::printf("\n%9s %7s %7s %7s  %s\n", "registers", "shared", "local", "percent", "kernel");
  for (const auto& kernel : device::cuda::kernel_resources(gpu())) {
    std::printf("%9d %7zu %7zu %7.0f  %s\n", kernel.registers, kernel.shared_bytes,
                kernel.local_bytes, 100 * kernel.occupancy, kernel.name.c_str());
  }
}

}  // namespace
}  // namespace keen::test

int main(int argc, char** argv) {
  const std::int64_t mib = argc > 1 ? std::atoll(argv[1]) : 256;
  if (argc > 2) keen::test::runs = std::atoi(argv[2]);
  if (argc > 3 || mib < 1 || mib > 4096 || keen::test::runs < 1) {
    std::fprintf(stderr, "usage: gpu_bandwidth [MIB [RUNS]]; MIB of each tensor, 1 to 4096\n");
    return 2;
  }
  try {
    keen::test::measure(mib * (1 << 20) / 4);
    keen::test::list_kernels();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_bandwidth: %s\n", error.what());
    return 1;
  }
  return 0;
}
