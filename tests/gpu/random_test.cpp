// Random numbers beside the CPU: several blocks, groups that are cut, counters that carry, every
// type. Words, integers, uniform numbers, masks and orders are the same bits; normal numbers, which
// use the GPU's logarithms, sines and cosines, are within 4 units in the last place.
#include "kernels/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <vector>

#include "kernels/dropout.h"
#include "kernels/elementwise.h"
#include "kernels/random_generator.h"
#include "kernels/random_shuffle.h"
#include "kernels/stateless_random.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/text.h"
#include "runtime/device/ledger.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "tests/support/compare.h"

namespace keen::test {
namespace {

using device::Count;
using device::Ledger;
using random::StatelessOpArgs;

constexpr std::int64_t kLow = -2;  // of counters of which the second block carries

Device here() { return Context::current().device().value_or(cpu()); }

Tensor on(Device device, const std::function<Tensor()>& call) {
  const DeviceScope scope(device);
  random::set_seed(11);
  return call();
}

// The same bits on both devices, in that many launches.
void expect_same(const std::string& what, const std::function<Tensor()>& call, int launches = 1) {
  const Tensor want = on(cpu(), call);
  const Ledger ledger(gpu());
  const Tensor got = on(gpu(), call);
  EXPECT_EQ(ledger.counts()[Count::kLaunches], launches) << what;
  EXPECT_EQ(ledger.counts()[Count::kSynchronisations], 0) << what;
  EXPECT_EQ(got.device(), gpu()) << what;
  EXPECT_EQ(exact_difference(what, got, want), "");
}

// Steps between two numbers of the same sign.
std::int64_t units_apart(float a, float b) {
  return std::abs(std::int64_t{std::bit_cast<std::int32_t>(a)} -
                  std::int64_t{std::bit_cast<std::int32_t>(b)});
}
std::int64_t units_apart(double a, double b) {
  return std::abs(std::bit_cast<std::int64_t>(a) - std::bit_cast<std::int64_t>(b));
}

template <class T>
void expect_close(const std::string& what, const std::function<Tensor()>& call) {
  const std::vector<T> want = on(cpu(), call).to_vector<T>();
  const std::vector<T> got = on(gpu(), call).to_vector<T>();
  ASSERT_EQ(got.size(), want.size());
  std::int64_t most = 0;
  for (std::size_t i = 0; i < want.size(); ++i) most = std::max(most, units_apart(got[i], want[i]));
  EXPECT_LE(most, 4) << what;
}

// The op on a key and a counter of its own.
std::function<Tensor()> stateless(const op::Op& op, std::int64_t n, DType dtype) {
  return [&op, n, dtype]() -> Tensor {
    const Tensor key = copy_to(constant(std::vector<std::int64_t>{5186321457711525117}), here());
    const Tensor counter = copy_to(constant(std::vector<std::int64_t>{kLow, 77}), here());
    return op::execute(op, {constant(std::vector<std::int64_t>{n}), key, counter},
                       StatelessOpArgs{.dtype = dtype});
  };
}

TEST(gpu_random, uniform_numbers_are_the_cpus) {
  for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
    for (const std::int64_t n : {1, 3, 1026, 70001}) {
      const std::string what = text("uniform ", n, " of ", dtype);
      expect_same(what, [&] { return random::uniform({n}, {.dtype = dtype, .seed = 3}); });
      expect_same(what, stateless(op::kStatelessRandomUniformV2, n, dtype));
    }
  }
}

TEST(gpu_random, integers_are_the_cpus) {
  for (const DType dtype : {int32, int64}) {
    for (const std::int64_t n : {1, 7, 5003}) {
      const std::string what = text("integers ", n, " of ", dtype);
      expect_same(what, [&] {
        return random::uniform({n}, {.minval = -50, .maxval = 1000003, .dtype = dtype, .seed = 3});
      });
      expect_same(what, stateless(op::kStatelessRandomUniformFullIntV2, n, dtype));
    }
  }
}

TEST(gpu_random, normal_numbers_are_close) {
  for (const auto* op : {&op::kStatelessRandomNormalV2, &op::kStatelessTruncatedNormalV2}) {
    for (const std::int64_t n : {1, 6, 20003}) {
      expect_close<float>(op->name, stateless(*op, n, float32));
      expect_close<double>(op->name, stateless(*op, n, float64));
    }
    for (const DType dtype : {float16, DType::kBFloat16}) {
      const auto call = stateless(*op, 2050, dtype);
      EXPECT_EQ(difference(op->name, on(gpu(), call), on(cpu(), call), kTranscendental), "");
    }
  }
}

TEST(gpu_random, orders_are_the_cpus) {
  const auto counted = [](const Shape& shape, DType dtype) {
    std::vector<std::int32_t> values;
    for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
      values.push_back(static_cast<std::int32_t>(i % 100));
    }
    return cast(Tensor::from_vector(values, shape), dtype);
  };
  for (const DType dtype : {float32, DType::kInt8, float64}) {
    for (const Shape& shape : {Shape({2, 3}), Shape({1001}), Shape({300, 17}), Shape({64, 32})}) {
      const Tensor x = counted(shape, dtype);
      expect_same(text("order of ", x.spec()),
                  [&] { return random::shuffle(copy_to(x, here()), {.seed = 3}); });
    }
  }
}

TEST(gpu_random, dropout_is_the_cpus_in_one_launch) {
  for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
    for (const std::int64_t n : {1, 3, 1026, 9001}) {
      const Tensor x = random::stateless_normal({n}, {1, 2}, {.dtype = dtype});
      expect_same(text("dropout of ", x.spec()),
                  [&] { return nn::dropout(copy_to(x, here()), 0.3, {.seed = 3}); });
      expect_same(
          text("gradient of dropout of ", x.spec()),
          [&] {
            const Tensor input = copy_to(x, here());
            GradientTape tape;
            tape.watch(input);
            const Tensor y = nn::dropout(input, 0.3, {.seed = 3});
            return tape.gradient(y, input, {.output_gradients = {input}});
          },
          2);
    }
  }
}

TEST(gpu_random, generators_go_on_as_the_cpus) {
  const auto drawn = [] {
    const auto generator = random::Generator::from_seed(7);
    static_cast<void>(generator.uniform({1001}));
    generator.skip(5);
    return generator.uniform({33}, {.maxval = 1000, .dtype = int64});
  };
  expect_same("generator", drawn, 8);  // of them 3 scale the first draw
}

TEST(gpu_random, seeds_are_the_cpus) {
  for (const DType dtype : {int32, int64}) {
    const auto seed = [dtype] {
      return copy_to(dtype == int32 ? constant({3, 4}) : constant(std::vector<std::int64_t>{3, 4}),
                     here());
    };
    expect_same(
        "split", [&] { return random::split(seed(), 5); }, 2);
    expect_same("fold_in", [&] { return random::fold_in(seed(), 9); });
    expect_same("fold_in", [&] { return random::fold_in(seed(), constant(9)); });
  }
}

}  // namespace
}  // namespace keen::test
