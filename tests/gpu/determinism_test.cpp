// The same inputs give the same bits, in whatever order blocks run and atomics arrive: the
// simulator takes another one each time.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/batch_norm.h"
#include "kernels/bias_add.h"
#include "kernels/conv2d.h"
#include "kernels/gather.h"
#include "kernels/matmul.h"
#include "kernels/pool.h"
#include "kernels/reduce.h"
#include "kernels/scan.h"
#include "kernels/softmax_cross_entropy.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/device/config.h"
#include "runtime/device/device_context.h"
#include "runtime/op/execute.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/gpu/needs_simulator.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using detail::GpuChoice;
using List = std::vector<Tensor>;
using Calls = std::map<std::string, std::function<List()>>;

Tensor some(const Shape& shape, std::uint64_t seed) {
  const DeviceScope scope(cpu());
  return copy_to(arbitrary({float32, shape}, seed) / 3.0, gpu());  // no sum of them is exact
}

void expect_same_bits(const Calls& calls) {
  const DeviceScope scope(gpu());
  for (const auto& [name, call] : calls) {
    const List first = call();
    for (int again = 0; again < 3; ++again) {
      const List next = call();
      for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(exact_difference(name + ", " + std::to_string(i), next[i], first[i]), "");
      }
    }
  }
}

// Sums of numbers that are rounded, so that their order shows.
Calls products() {
  Calls calls;
  for (const GpuChoice choice : {GpuChoice::kAuto, GpuChoice::kOwn}) {
    const std::string who = choice == GpuChoice::kOwn ? "own" : "library's";
    calls[who + " convolution"] = [=] {
      const WithChoice with(choice);
      // The simulator adds float32 up in double precision, where no order shows.
      const Tensor x = some({6, 9, 9, 5}, 1);
      const Tensor w = some({3, 3, 5, 7}, 2);
      const Conv2DArgs args{.padding = Padding::kSame};
      const Tensor dy = some({6, 9, 9, 7}, 3);
      return List{nn::conv2d(x, w, args), nn::conv2d_backprop_input(x.shape(), w, dy, args),
                  nn::conv2d_backprop_filter(x, w.shape(), dy, args)};
    };
    calls[who + " product"] = [=] {
      const WithChoice with(choice);
      return List{matmul(some({33, 700}, 1), some({700, 10}, 2))};
    };
  }
  return calls;
}

Calls sums() {
  Calls calls;
  calls["sums"] = [] {
    const Tensor x = some({300, 70}, 1);
    return List{reduce_sum(x), reduce_mean(x, {.axis = 0}), reduce_sum(x, {.axis = 1}),
                cumsum(x, {.axis = 0}), reduce_sum(some({40000, 3}, 2), {.axis = 0})};
  };
  calls["bias gradient"] = [] {
    return List{op::execute(op::kBiasAddGrad, {some({3000, 10}, 1)}, BiasAddArgs{})[0]};
  };
  calls["segment sums"] = [] {
    const Tensor ids = copy_to(small_numbers({600}, int32, 17), gpu());
    return List{unsorted_segment_sum(some({600, 5}, 1), ids, 9)};
  };
  calls["batch norm"] = [] {
    const Tensor x = some({4, 15, 15, 6}, 1);
    const Tensor scale = some({6}, 2);
    const FusedBatchNormArgs args;
    auto y = op::execute(op::kFusedBatchNormV3, {x, scale, scale, Tensor(), Tensor()}, args);
    auto dx =
        op::execute(op::kFusedBatchNormGradV3, {some(x.shape(), 3), x, scale, y[3], y[4]}, args);
    return List{y[0], y[1], y[2], dx[0], dx[1], dx[2]};
  };
  calls["pools"] = [] {
    const Tensor x = some({2, 15, 15, 6}, 1);
    const Pool2DArgs args{.ksize = {3, 3}, .strides = {1, 1}};
    GradientTape tape;
    tape.watch(x);
    const Tensor sum = nn::max_pool2d(x, args) * nn::avg_pool2d(x, args);
    return List{sum, tape.gradient(sum, x)};
  };
  calls["cross entropy"] = [] {
    auto both = op::execute(op::kSoftmaxCrossEntropyWithLogits,
                            {some({30, 50}, 1), some({30, 50}, 2)}, SoftmaxCrossEntropyArgs{});
    return List{both[0], both[1]};
  };
  return calls;
}

TEST(gpu_determinism, products_and_their_gradients) { expect_same_bits(products()); }

TEST(gpu_determinism, sums_of_all_kinds) { expect_same_bits(sums()); }

// Only the workspace does not fit. Which of these sizes the library knows depends on the seed.
std::vector<std::string> errors_without_memory() {
  const WithChoice with(GpuChoice::kLibrary);
  const DeviceScope scope(gpu());
  auto& context = device::context(gpu());
  std::vector<std::string> errors;
  for (const std::int64_t channels : {971, 972}) {
    const Shape filter{3, 3, channels, channels};  // float32: as many bytes as the workspace
    const Tensor x = cast(some({1, 1, 1, channels}, 1), float16);
    const auto bytes = static_cast<std::size_t>(2 * filter.num_elements());
    context.trim();
    const auto held = context.memory_stats();
    context.set_memory_limit(static_cast<std::size_t>(held.bytes_in_use + held.bytes_cached) +
                             2 * bytes + (8 << 20));
    try {
      static_cast<void>(nn::conv2d_backprop_filter(x, filter, x, {.padding = Padding::kSame}));
      errors.emplace_back("none");
    } catch (const ResourceExhaustedError&) {
      errors.emplace_back("ResourceExhaustedError");
    } catch (const UnimplementedError&) {
      errors.emplace_back("UnimplementedError");
    }
    context.set_memory_limit(0);
  }
  return errors;
}

// That cuDNN refuses what needs no workspace is the simulator's rule; another card may have one
// that does.
TEST(gpu_determinism, no_other_algorithm_for_want_of_memory) {
  KEEN_NEEDS_SIMULATOR();
  EXPECT_THAT(errors_without_memory(), testing::Each("UnimplementedError"));
  config::experimental::enable_op_determinism();
  EXPECT_THAT(errors_without_memory(), testing::Contains("ResourceExhaustedError"));
  config::experimental::disable_op_determinism();
}

}  // namespace
}  // namespace keen::test
