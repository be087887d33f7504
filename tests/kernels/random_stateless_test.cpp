#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/random_generator.h"
#include "kernels/stateless_random.h"
#include "runtime/base/error.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"
#include "runtime/tensor/constant.h"
#include "tests/support/expect_error.h"

namespace keen::random {
namespace {

using Int32s = std::vector<std::int32_t>;
using Int64s = std::vector<std::int64_t>;

Int64s state_of(const Generator& generator) {
  return generator.state().value().to_vector<std::int64_t>();
}

// What TensorFlow 2.15 gives.
TEST(StatelessRandom, WholeNumbersOfTheFullRange) {
  EXPECT_EQ(
      stateless_uniform({2}, {1, 2}, {.minval = {}, .dtype = int32}).to_vector<std::int32_t>(),
      (Int32s{1105988140, 1738052849}));
  EXPECT_EQ(
      stateless_uniform({3}, {1, 2}, {.minval = {}, .dtype = int64}).to_vector<std::int64_t>(),
      (Int64s{7464880146280614444, 1591045637757961278, -1057468755545501549}));
}

TEST(StatelessRandom, SeedsOfBothTypesAreTheSameSeeds) {
  const Tensor narrow = constant({42, -1});
  const Tensor wide = constant(Int64s{42, -1});
  EXPECT_EQ(stateless_normal({5}, narrow).to_vector<float>(),
            stateless_normal({5}, wide).to_vector<float>());
  EXPECT_EQ(split(narrow).dtype(), int32);
  EXPECT_EQ(split(wide, 3).spec(), (TensorSpec{int64, Shape{3, 2}}));
}

TEST(StatelessRandom, FoldsNumbersOfBothTypesIn) {
  EXPECT_EQ(fold_in({42, 0}, constant(5)).to_vector<std::int32_t>(), (Int32s{1218717381, 5}));
  const Tensor wide = fold_in({42, 0}, 5);
  EXPECT_EQ(wide.dtype(), int64);
  EXPECT_EQ(wide.to_vector<std::int64_t>()[1], 5);
}

TEST(StatelessRandom, RefusesWhatTensorFlowRefuses) {
  test::expect_error<InvalidArgumentError>(
      [] {
        return stateless_uniform({2}, {1, 2, 3});
      },
      "StatelessRandomGetKeyCounter: seed must have shape [2], not [3]");
  test::expect_error<InvalidArgumentError>(
      [] {
        return stateless_uniform({2}, constant({1.0F, 2.0F}));
      },
      "StatelessRandomGetKeyCounter: input 'seed' is float32(2,)");
  test::expect_error<ValueError>(
      [] {
        return stateless_uniform({2}, {1, 2}, {.dtype = int32});
      },
      "argument `minval` and `maxval` must be both None or not None.");
  test::expect_error<InvalidArgumentError>(
      [] {
        return stateless_uniform({2}, {1, 2}, {.minval = 3, .maxval = 3, .dtype = int32});
      },
      "StatelessRandomUniformIntV2: Need minval < maxval, got 3 >= 3");
  test::expect_error<InvalidArgumentError>(
      [] {
        return stateless_normal(constant({-3}), {1, 2});
      },
      "StatelessRandomNormalV2: Dimension -3 must be >= 0");
  test::expect_error<UnimplementedError>(
      [] {
        return stateless_normal({3}, {1, 2}, {.alg = Algorithm::kThreefry});
      },
      "Non-XLA devices don't support the ThreeFry algorithm.");
  test::expect_error<InvalidArgumentError>(
      [] {
        return stateless_normal({3}, {1, 2}, {.alg = static_cast<Algorithm>(9)});
      },
      "Unsupported algorithm id: 9");
  const Tensor two = constant(Int64s{1, 2});
  test::expect_error<InvalidArgumentError>(
      [&] {
        return op::execute(op::kStatelessRandomNormalV2, {two, two, two}, StatelessOpArgs{});
      },
      "StatelessRandomNormalV2: key must have shape [1], not [2]");
  test::expect_error<InvalidArgumentError>(
      [] {
        return fold_in({1, 2}, constant({1, 2}));
      },
      "_StatelessFoldIn: data must have shape [], not [2]");
}

// What TensorFlow 2.15 gives.
TEST(Generator, WholeNumbersAndSkipping) {
  const auto generator = Generator::from_seed(7);
  EXPECT_EQ(generator.uniform({3}, {.maxval = 100, .dtype = int32}).to_vector<std::int32_t>(),
            (Int32s{5, 35, 44}));
  EXPECT_EQ(state_of(generator), (Int64s{775, 0, 0}));
  EXPECT_EQ(generator.uniform_full_int({2}).to_vector<std::int64_t>(),
            (Int64s{-1197497836330322934, -4841905960414321989}));
  generator.skip(3);
  EXPECT_EQ(state_of(generator), (Int64s{2055, 0, 0}));
  EXPECT_EQ(generator.normal({2}, {.mean = 1.0, .stddev = 2.0}).to_vector<float>(),
            (std::vector<float>{-2.130284309387207F, 0.0769539475440979F}));
  generator.reset_from_seed(7);
  EXPECT_EQ(generator.uniform({2}, {.minval = {}, .dtype = int32}).to_vector<std::int32_t>(),
            (Int32s{-1464656591, 182738035}));
  EXPECT_EQ(
      generator.uniform({2}, {.minval = -1.0, .maxval = 1.0, .dtype = float64}).to_vector<double>(),
      (std::vector<double>{0.13854601403260647, -0.4824836814314519}));
}

TEST(Generator, StatesAreCounterAndKey) {
  EXPECT_EQ(state_of(Generator::from_seed(-5)), (Int64s{-5, -1, -1}));
  const Tensor state = constant(Int64s{-1, 7, 3});
  const auto generator = Generator::from_state(state);
  generator.skip(1);
  EXPECT_EQ(state_of(generator), (Int64s{255, 8, 3}));
  EXPECT_EQ(state.to_vector<std::int64_t>(), (Int64s{-1, 7, 3}));
  generator.reset(state);
  EXPECT_EQ(state_of(generator), (Int64s{-1, 7, 3}));
  EXPECT_NE(state_of(Generator::from_non_deterministic_state()),
            state_of(Generator::from_non_deterministic_state()));
}

TEST(Generator, CopiesShareTheState) {
  const auto generator = Generator::from_seed(1);
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the copy is what is tested
  const Generator copy = generator;
  copy.skip(1);
  EXPECT_EQ(state_of(generator), (Int64s{257, 0, 0}));
}

TEST(Generator, RefusesBadStates) {
  test::expect_error<ValueError>(
      [] {
        return Generator::from_state(constant(Int64s{1, 2}));
      },
      "random.Generator.from_state: the state of a Philox generator is "
      "int64(3,), got int64(2,)");
  test::expect_error<UnimplementedError>(
      [] { return Generator::from_seed(1, Algorithm::kThreefry); }, "ThreeFry");
  const auto generator = Generator::from_seed(1);
  test::expect_error<ValueError>([&] { return generator.uniform({2}, {.dtype = int32}); },
                                 "both `None` or both non-`None`");
  test::expect_error<ValueError>([&] { return generator.uniform_full_int({2}, float32); },
                                 "Argument `dtype` got invalid value float32");
  EXPECT_EQ(state_of(generator), (Int64s{1, 0, 0}));
}

}  // namespace
}  // namespace keen::random
