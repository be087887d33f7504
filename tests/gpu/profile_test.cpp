// What the kernels that carry the load read and write, as the simulator counts it: all of every
// sector used, no bank conflicts, and no more bytes than the algorithm needs.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "kernels/activations.h"
#include "kernels/batch_norm.h"
#include "kernels/bias_add.h"
#include "kernels/dropout.h"
#include "kernels/elementwise.h"
#include "kernels/optimizers.h"
#include "kernels/pad.h"
#include "kernels/reduce.h"
#include "kernels/softmax_cross_entropy.h"
#include "kernels/transpose.h"
#include "runtime/autodiff/tape.h"
#include "runtime/device/device_context.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/context.h"
#include "tests/gpu/needs_simulator.h"
#include "tests/sim/sim_control.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using Labels = std::vector<std::int32_t>;

class gpu_profile : public testing::Test {  // NOLINT(readability-identifier-naming)
 public:
  void SetUp() override { KEEN_NEEDS_SIMULATOR(); }

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

// A label and a loss for each row beside the 8 bytes of an element.
TEST_F(gpu_profile, sparse_softmax_cross_entropy) {
  for (const std::int64_t classes : {10, 100, 1000, 2000}) {
    const Shape shape({40000 / classes, classes});
    const Tensor logits = some(shape, 1);
    const Tensor labels = copy_to(Tensor::from_vector(Labels(shape.dim(0), 3)), gpu());
    const auto counts = cost(
        [&] { static_cast<void>(nn::sparse_softmax_cross_entropy_with_logits(labels, logits)); });
    EXPECT_LT(bytes(counts, {"softmax_kernel"}, shape.num_elements()),
              8.1 + 8.0 / static_cast<double>(classes))
        << classes;
  }
}

// Where the number of elements is odd, the last vector is not whole.
TEST_F(gpu_profile, elementwise) {
  for (const std::int64_t n : {50000, 50001}) {
    const Tensor x = some({n}, 1);
    const Tensor y = some({n}, 2);
    const Tensor number = some({}, 3);
    GradientTape tape;
    tape.watch(x);
    const Tensor z = nn::relu(x);
    const auto moved = [&](const char* kernel, const std::function<Tensor()>& call,
                           double least = 99.9) {
      return bytes(cost([&] { static_cast<void>(call()); }), {kernel}, n, least);
    };
    EXPECT_LT(moved("unary_kernel", [&] { return nn::relu(x); }), 8.01);
    EXPECT_LT(moved("binary_kernel", [&] { return tape.gradient(z, x); }), 12.01);
    EXPECT_LT(moved("binary_kernel", [&] { return x + y; }), 12.01);
    EXPECT_LT(moved("binary_kernel", [&] { return x * y; }), 12.01);
    // Each warp asks for the number, 4 bytes of a sector.
    EXPECT_LT(moved(
                  "binary_kernel", [&] { return x * number; }, 97.0),
              8.3);
    EXPECT_LT(moved("add_n_kernel", [&] { return add_n(std::vector<Tensor>{x, y, x, y}); }), 20.01);
    EXPECT_LT(moved("cast_kernel", [&] { return cast(x, float16); }), 6.01);
  }
}

// The bias comes from the cache: 4 of the 12 bytes, less where rows are no whole vectors.
TEST_F(gpu_profile, bias) {
  for (const std::int64_t channels : {128, 64, 32, 10, 3}) {
    const Shape shape({60000 / channels, channels});
    const Tensor x = some(shape, 1);
    const Tensor b = some({channels}, 2);
    const bool whole = channels % 8 == 0;  // sectors
    const auto there = cost([&] { static_cast<void>(nn::bias_add(x, b)); });
    EXPECT_LT(bytes(there, {"bias_kernel"}, shape.num_elements(), whole ? 99.9 : 85.0), 12.01)
        << channels;
    const auto back =
        cost([&] { static_cast<void>(op::execute(op::kBiasAddGrad, {x}, BiasAddArgs{})); });
    EXPECT_LT(bytes(back, {"channel_sums_kernel"}, shape.num_elements(), whole ? 99.9 : 80.0),
              whole ? 4.1 : 5.0)
        << channels;
  }
}

// The mask has a byte for each element.
TEST_F(gpu_profile, dropout) {
  for (const std::int64_t n : {50000, 50001}) {
    const Tensor x = some({n}, 1);
    GradientTape tape;
    tape.watch(x);
    Tensor y;
    const auto there = cost([&] { y = nn::dropout(x, 0.4, {.seed = 1}); });
    EXPECT_LT(bytes(there, {"dropout_kernel"}, n, 99.9), 9.01);
    const auto back = cost([&] { static_cast<void>(tape.gradient(y, x)); });
    EXPECT_LT(bytes(back, {"dropout_grad_kernel"}, n, 99.9), 9.01);
  }
}

// From TensorFlow's order to cuDNN's.
TEST_F(gpu_profile, filters_transposed) {
  for (const Shape& shape : {Shape({3, 3, 32, 64}), Shape({1, 1, 64, 128})}) {
    const Tensor x = some(shape, 1);
    const auto counts = cost([&] { static_cast<void>(transpose(x, {3, 0, 1, 2})); });
    EXPECT_LT(bytes(counts, {"transpose_kernel"}, shape.num_elements(), 99.9), 8.01);
  }
}

// TensorFlow's SAME with a stride of 2: a row and a column more at the end. 4 bytes are written for
// each element of the result, 4 read for each of the input.
TEST_F(gpu_profile, images_padded) {
  for (const std::int64_t channels : {64, 32, 10, 3, 1}) {
    const Shape shape({4, 28, 28, channels});
    const Tensor x = some(shape, 1);
    const auto counts = cost([&] { static_cast<void>(pad(x, {{0, 0}, {0, 1}, {0, 1}, {0, 0}})); });
    const bool whole = channels % 8 == 0;  // sectors
    EXPECT_LT(bytes(counts, {"window_kernel"}, shape.num_elements(), whole ? 99.9 : 90.0),
              (4 + 4 * 29.0 * 29.0 / (28.0 * 28.0)) * (whole ? 1.001 : 1.12))
        << channels;
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
