// What the kernels that carry the load read and write, as the simulator counts it: all of every
// sector used, no bank conflicts, and no more bytes than the algorithm needs.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "kernels/batch_norm.h"
#include "kernels/optimizers.h"
#include "kernels/reduce.h"
#include "kernels/softmax_cross_entropy.h"
#include "runtime/device/device_context.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/context.h"
#include "tests/sim/sim_control.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

class gpu_profile : public testing::Test {  // NOLINT(readability-identifier-naming)
 public:
  void SetUp() override { ASSERT_TRUE(sim::simulated()) << "the GPU is real: nothing counts"; }

 protected:
  static Tensor some(const Shape& shape, std::uint64_t seed) {
    return copy_to(arbitrary({float32, shape}, seed), gpu());
  }
  // What the call's kernels did.
  static sim::Counts cost(const std::function<void()>& call) {
    const DeviceScope scope(gpu());
    auto& context = device::context(gpu());
    context.synchronize();
    KEEN_SIM(cudasim_profile)(1);
    const sim::Counts before = sim::counts();
    call();
    context.synchronize();
    sim::Counts after = sim::counts() - before;
    KEEN_SIM(cudasim_profile)(0);
    return after;
  }
  // Bytes that the kernels moved for each of n elements; whole sectors, no conflicts.
  static double bytes(const sim::Counts& counts, const std::vector<std::string>& kernels,
                      std::int64_t n, double least = 98.0) {
    double sum = 0;
    for (const std::string& name : kernels) {
      const cudasim_kernel& kernel = counts.kernel(name);
      EXPECT_GT(sim::coalescing(kernel), least) << name;
      EXPECT_EQ(kernel.shared_conflicts, 0) << name;
      sum += sim::bytes_per_element(kernel, n);
    }
    return sum;
  }
};

TEST_F(gpu_profile, batch_norm) {
  for (const std::int64_t channels : {64, 32, 10, 3}) {
    const Shape shape({8, 32, 32, channels});
    const Tensor x = some(shape, 1);
    const Tensor dy = some(shape, 2);
    const Tensor scale = some({channels}, 3);
    Tensor saved[2];
    const auto there = cost([&] {
      auto results = op::execute(op::kFusedBatchNormEx, {x, scale, scale, Tensor(), Tensor()},
                                 FusedBatchNormArgs{});
      for (int i = 0; i < 2; ++i) saved[i] = results[3 + i];
    });
    EXPECT_LT(bytes(there, {"moments_kernel", "normalize_kernel"}, shape.num_elements()), 12.8)
        << channels;
    const auto back = cost([&] {
      static_cast<void>(op::execute(op::kFusedBatchNormGradEx,
                                    {dy, x, scale, saved[0], saved[1], scale},
                                    FusedBatchNormArgs{}));
    });
    EXPECT_LT(bytes(back, {"gradient_sums_kernel", "input_gradient_kernel"}, shape.num_elements()),
              21.0)
        << channels;
  }
}

TEST_F(gpu_profile, softmax_cross_entropy) {
  for (const std::int64_t classes : {10, 100, 1000, 2000}) {
    const Shape shape({40000 / classes, classes});
    const Tensor logits = some(shape, 1);
    const Tensor labels = some(shape, 2);
    const auto counts = cost([&] {
      static_cast<void>(op::execute(op::kSoftmaxCrossEntropyWithLogits, {logits, labels},
                                    SoftmaxCrossEntropyArgs{}));
    });
    EXPECT_LT(bytes(counts, {"softmax_kernel"}, shape.num_elements()), 12.5) << classes;
  }
}

TEST_F(gpu_profile, adam) {
  const std::int64_t n = 50000;
  const DeviceScope scope(gpu());
  std::vector<Variable> variables{Variable(fill({}, 0.9)), Variable(fill({}, 0.999))};
  for (int i = 0; i < 3; ++i) variables.emplace_back(fill({n}, 0.5));
  const std::vector<Tensor> gradients{fill({n}, 0.25)};
  const Tensor rate = fill({}, 0.01);
  const auto counts = cost([&] { train::apply_adam(variables, rate, gradients, {}); });
  EXPECT_LT(bytes(counts, {"update_kernel"}, n), 28.5);
}

TEST_F(gpu_profile, reductions) {
  for (const Shape& shape : {Shape({200, 1024}), Shape({1000, 64})}) {
    const Tensor x = some(shape, 1);
    for (const Axes& axes : {Axes(0), Axes(1), Axes::all()}) {
      const auto counts = cost([&] { static_cast<void>(reduce_sum(x, {.axis = axes})); });
      EXPECT_LT(bytes(counts, {"reduce_kernel"}, shape.num_elements(), 95.0), 4.6) << shape.dim(1);
    }
  }
  // Columns that are no whole sectors: what neighbouring warps share comes from the cache.
  const Tensor x = some({3000, 10}, 1);
  const auto counts = cost([&] { static_cast<void>(reduce_sum(x, {.axis = 0})); });
  EXPECT_LT(bytes(counts, {"reduce_kernel"}, 30000, 80.0), 5.0);
}

}  // namespace
}  // namespace keen::test
