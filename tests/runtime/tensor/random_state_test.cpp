#include "runtime/tensor/random_state.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <set>

#include "runtime/base/error.h"
#include "runtime/tensor/kernel_counters.h"
#include "runtime/tensor/python_generator.h"

namespace keen::random {
namespace {

constexpr std::int64_t kModulus = 2147483647;
constexpr char kOps[2] = {};  // two addresses that stand for ops
const void* const kOp = &kOps[0];
const void* const kOtherOp = &kOps[1];

std::int64_t no_stream() {
  ADD_FAILURE() << "the stream was asked";
  return -1;
}

TEST(PythonGenerator, DrawsWhatPythonDraws) {
  PythonGenerator generator(42);  // random.Random(42), Python 3.11
  EXPECT_EQ(generator.getrandbits(32), 2746317213U);
  EXPECT_EQ(generator.getrandbits(1), 0U);
  EXPECT_EQ(generator.getrandbits(33), 4402387665U);
}

TEST(PythonGenerator, OnlyTheAbsoluteValueOfTheSeedCounts) {
  PythonGenerator positive(5);
  PythonGenerator negative(-5);
  const std::array<std::uint32_t, 1> words{5};
  PythonGenerator from_words{std::span<const std::uint32_t>(words)};
  const std::uint64_t first = positive.getrandbits(64);
  EXPECT_EQ(negative.getrandbits(64), first);
  EXPECT_EQ(from_words.getrandbits(64), first);
  PythonGenerator zero(0);
  PythonGenerator empty{std::span<const std::uint32_t>()};
  EXPECT_EQ(zero.getrandbits(64), empty.getrandbits(64));
}

TEST(PythonGenerator, RangesHoldTheirEnds) {
  PythonGenerator generator(1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) {
    seen.insert(generator.randint(-1, 2));
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{-1, 0, 1, 2}));
  EXPECT_EQ(generator.randint(9, 9), 9);
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<std::int64_t>::max();
  EXPECT_LT(generator.randint(kLow, kHigh - 1), kHigh);
}

TEST(PythonGenerator, RefusesWhatPythonRefuses) {
  PythonGenerator generator(1);
  EXPECT_THROW(generator.randint(2, 1), ValueError);
  EXPECT_THROW(generator.getrandbits(0), ValueError);
  EXPECT_THROW(generator.getrandbits(65), ValueError);
}

TEST(Seeds, NothingSetIsNoSeeds) { EXPECT_EQ(combine_seeds({}, {}, no_stream), OpSeeds{}); }

TEST(Seeds, TheStreamIsAskedForAMissingOpSeedOnly) {
  EXPECT_EQ(combine_seeds(3, {}, [] { return std::int64_t{8}; }), (OpSeeds{3, 8}));
  EXPECT_EQ(combine_seeds(3, 4, no_stream), (OpSeeds{3, 4}));
  EXPECT_EQ(combine_seeds({}, 4, no_stream), (OpSeeds{87654321, 4}));
}

TEST(Seeds, PythonsModuloAndNeverBothZero) {
  EXPECT_EQ(combine_seeds(-1, kModulus + 1, no_stream), (OpSeeds{kModulus - 1, 1}));
  EXPECT_EQ(combine_seeds(0, 0, no_stream), (OpSeeds{0, kModulus}));
  EXPECT_EQ(combine_seeds(kModulus, -kModulus, no_stream), (OpSeeds{0, kModulus}));
  EXPECT_EQ(combine_seeds(kModulus, {}, [] { return std::int64_t{0}; }), (OpSeeds{0, kModulus}));
}

TEST(RandomState, EveryKernelHasItsOwnCounter) {
  RandomState state;
  const OpSeeds seeds{1, 2};
  const PhiloxState start = stateful_start(1, 2);
  EXPECT_EQ(state.reserve(kOp, float32, seeds, 10), start);
  EXPECT_EQ(state.reserve(kOp, float32, seeds, 0), start.skipped(10));
  EXPECT_EQ(state.reserve(kOp, float32, seeds, 5), start.skipped(10));
  EXPECT_EQ(state.reserve(kOp, float32, seeds, 1), start.skipped(15));
  EXPECT_EQ(state.reserve(kOp, float64, seeds, 1), start);
  EXPECT_EQ(state.reserve(kOtherOp, float32, seeds, 1), start);
  EXPECT_EQ(state.reserve(kOp, float32, {2, 1}, 1), stateful_start(2, 1));
}

TEST(RandomState, SettingTheSeedStartsEverythingAgain) {
  RandomState state;
  EXPECT_FALSE(state.seed().has_value());
  state.set_seed(42);
  EXPECT_EQ(state.seed(), 42);
  const OpSeeds first = state.get_seed({});
  EXPECT_EQ(first, (OpSeeds{42, 478163327}));
  EXPECT_EQ(state.get_seed({}), (OpSeeds{42, 107420369}));
  EXPECT_EQ(state.get_seed(7), (OpSeeds{42, 7}));
  EXPECT_EQ(state.get_seed({}), (OpSeeds{42, 1181241943}));
  static_cast<void>(state.reserve(kOp, float32, first, 3));
  state.set_seed(42);
  EXPECT_EQ(state.get_seed({}), first);
  EXPECT_EQ(state.reserve(kOp, float32, first, 3), stateful_start(42, 478163327));
}

TEST(RandomState, KerasHasAStreamOfItsOwn) {
  RandomState state;
  state.set_keras_seed(42);
  state.set_seed(42);
  EXPECT_EQ(state.next_keras_seed(), 686579304);
  EXPECT_EQ(state.get_seed({}).seed2, 478163327);
  EXPECT_EQ(state.next_keras_seed(), 119540832);
  state.set_seed(42);
  EXPECT_EQ(state.next_keras_seed(), 26855093);
}

TEST(RandomState, WithoutSeedsNothingRepeats) {
  RandomState state;
  const OpSeeds none = state.get_seed({});
  EXPECT_EQ(none, OpSeeds{});
  const PhiloxState first = state.reserve(kOp, float32, none, 4);
  EXPECT_EQ(state.reserve(kOp, float32, none, 4), first.skipped(4));
  RandomState other;
  EXPECT_NE(other.reserve(kOp, float32, none, 4), first);
}

TEST(KernelCounters, KeepsMoreThanAGenerationAndForgetsTheOldest) {
  KernelCounters counters;
  const auto key = [](std::size_t i) {
    return KernelKey{kOp, 1, static_cast<std::int64_t>(i), DType::kFloat32};
  };
  constexpr std::size_t kCount = KernelCounters::kGeneration + 10;
  for (std::size_t i = 0; i < kCount; ++i) {
    counters[key(i)] = i + 1;
  }
  for (std::size_t i = 0; i < kCount; i += 1001) {
    ASSERT_EQ(counters[key(i)], i + 1);
  }
  for (std::size_t i = kCount; i < 3 * kCount; ++i) {
    counters[key(i)] = i + 1;
  }
  EXPECT_EQ(counters[key(3 * kCount - 1)], 3 * kCount);
  EXPECT_EQ(counters[key(1)], 0U);
  counters.clear();
  EXPECT_EQ(counters[key(3 * kCount - 1)], 0U);
}

}  // namespace
}  // namespace keen::random
