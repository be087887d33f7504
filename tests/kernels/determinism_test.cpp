// What enable_op_determinism forbids: numbers that nothing has seeded.
#include <gtest/gtest.h>

#include "kernels/dropout.h"
#include "kernels/random.h"
#include "kernels/random_generator.h"
#include "runtime/base/error.h"
#include "runtime/device/config.h"
#include "runtime/op/core_ops.h"
#include "runtime/trace/function.h"
#include "tests/support/expect_error.h"

namespace keen::random {
namespace {

constexpr const char* kNoSeed =
    "Random ops require a seed to be set when determinism is enabled. Please set a seed before "
    "running the op, e.g. by calling tf.random.set_seed(1).";

class Determinism : public testing::Test {
 protected:
  void SetUp() override { config::experimental::enable_op_determinism(); }
  void TearDown() override { config::experimental::disable_op_determinism(); }

 private:
  RandomStateScope fresh_;
};

TEST_F(Determinism, NumbersNeedASeed) {
  EXPECT_TRUE(config::experimental::is_op_determinism_enabled());
  test::expect_error<RuntimeError>([] { return normal({2}); }, kNoSeed);
  test::expect_error<RuntimeError>([] { return nn::dropout(fill({4}, 1.0), 0.5); }, kNoSeed);
  const auto traced = function([] { return uniform({2}); });
  test::expect_error<RuntimeError>([&] { return traced(); }, kNoSeed);
  test::expect_error<RuntimeError>(
      [] { return Generator::from_non_deterministic_state(); },
      "\"from_non_deterministic_state\" cannot be called when determinism is enabled.");
  config::experimental::disable_op_determinism();
  EXPECT_FALSE(config::experimental::is_op_determinism_enabled());
  EXPECT_EQ(normal({2}).num_elements(), 2);
}

TEST_F(Determinism, EitherSeedWillDo) {
  const auto once = [] { return uniform({3}, {.seed = 0}).to_vector<float>(); };
  set_seed(0);
  const auto first = once();
  set_seed(0);
  EXPECT_EQ(once(), first);
  EXPECT_EQ(normal({2}).num_elements(), 2);
  const RandomStateScope unseeded;
  EXPECT_EQ(once().size(), 3U);
  test::expect_error<RuntimeError>([] { return normal({2}); }, kNoSeed);
}

}  // namespace
}  // namespace keen::random
