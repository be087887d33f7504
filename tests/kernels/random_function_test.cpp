#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/random.h"
#include "kernels/random_generator.h"
#include "kernels/random_shuffle.h"
#include "kernels/stateless_random.h"
#include "runtime/op/core_ops.h"
#include "runtime/trace/function.h"

namespace keen::random {
namespace {

using Floats = std::vector<float>;

class RandomFunction : public testing::Test {
  RandomStateScope fresh_;
};

// What eager calls with these seeds give, one after the other.
Floats eager(std::int64_t seed, std::int64_t op_seed, int call) {
  const RandomStateScope fresh;
  set_seed(seed);
  Tensor numbers;
  for (int i = 0; i <= call; ++i) {
    numbers = normal({3}, {.seed = op_seed});
  }
  return numbers.to_vector<float>();
}

TEST_F(RandomFunction, OpSeedsCountFromZeroAndTakeNothingFromTheEagerStream) {
  set_seed(42);
  const auto f = function([] {
    Tensor first = normal({3});
    Tensor second = normal({3});
    return std::pair(first, second);
  });
  const auto g = function([] { return normal({3}); });
  for (int call = 0; call < 3; ++call) {
    const auto [first, second] = f();
    EXPECT_EQ(first.to_vector<float>(), eager(42, 0, call));
    EXPECT_EQ(second.to_vector<float>(), eager(42, 1, call));
  }
  EXPECT_EQ(g().to_vector<float>(), eager(42, 0, 0));
  const OpSeeds next = current_random_state().get_seed({});
  EXPECT_EQ(next, (OpSeeds{42, 478163327}));
}

// Every op of a function has a counter of its own, even where the seeds are the same, and keeps it
// when the seed is set.
TEST_F(RandomFunction, EveryOpCountsForItselfAsLongAsTheFunctionLives) {
  set_seed(42);
  const auto f =
      function([] { return std::pair(normal({3}, {.seed = 7}), normal({3}, {.seed = 7})); });
  const auto [first, second] = f();
  EXPECT_EQ(first.to_vector<float>(), eager(42, 7, 0));
  EXPECT_EQ(second.to_vector<float>(), eager(42, 7, 0));
  EXPECT_EQ(normal({3}, {.seed = 7}).to_vector<float>(), eager(42, 7, 0));
  set_seed(42);
  EXPECT_EQ(f().first.to_vector<float>(), eager(42, 7, 1));
  EXPECT_EQ(normal({3}, {.seed = 7}).to_vector<float>(), eager(42, 7, 0));
}

TEST_F(RandomFunction, WithoutASeedEveryCallDiffers) {
  const auto f = function([] { return uniform({4}); });
  const Floats first = f().to_vector<float>();
  EXPECT_NE(f().to_vector<float>(), first);
  const auto g = function([] { return uniform({4}); });
  EXPECT_NE(g().to_vector<float>(), first);
}

TEST_F(RandomFunction, ShapesOfArgumentsAreKnown) {
  const auto f = function([](const Tensor& x) { return uniform(x.shape()); });
  EXPECT_EQ(f(fill({2, 5}, 0.0)).shape(), (Shape{2, 5}));
}

TEST_F(RandomFunction, ShufflesAnew) {
  set_seed(1);
  const auto f = function([](const Tensor& x) { return shuffle(x); });
  std::vector<float> numbers(64);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<float>(i);
  }
  const Tensor x = Tensor::from_vector(numbers);
  Floats first = f(x).to_vector<float>();
  EXPECT_NE(f(x).to_vector<float>(), first);
  EXPECT_NE(first, numbers);
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, numbers);
}

TEST_F(RandomFunction, StatelessNumbersAreTheSameInFunctions) {
  const auto f = function([](const Tensor& seed) {
    return std::pair(stateless_normal({3}, fold_in(seed, 5)), split(seed, 2));
  });
  for (const std::int64_t number : {1, 2}) {
    const Tensor seed = Tensor::from_vector(std::vector<std::int64_t>{number, 7});
    const auto [numbers, seeds] = f(seed);
    EXPECT_EQ(numbers.to_vector<float>(),
              stateless_normal({3}, fold_in(seed, 5)).to_vector<float>());
    EXPECT_EQ(seeds.to_vector<std::int64_t>(), split(seed, 2).to_vector<std::int64_t>());
  }
  EXPECT_EQ(f.experimental_get_tracing_count(), 1);
}

TEST_F(RandomFunction, AGeneratorMovesOnWithEveryCall) {
  const auto generator = Generator::from_seed(3);
  const auto same = Generator::from_seed(3);
  const auto f = function([&generator] { return generator.normal({5}); });
  for (int call = 0; call < 3; ++call) {
    EXPECT_EQ(f().to_vector<float>(), same.normal({5}).to_vector<float>());
  }
  EXPECT_EQ(generator.state().value().to_vector<std::int64_t>(),
            (std::vector<std::int64_t>{3 + 3 * 5 * 256, 0, 0}));
}

}  // namespace
}  // namespace keen::random
