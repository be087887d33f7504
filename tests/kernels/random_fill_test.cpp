#include "kernels/random_fill.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "runtime/base/half.h"
#include "runtime/tensor/random_distribution.h"

namespace keen::random {
namespace {

constexpr PhiloxState kStart{3, std::numeric_limits<std::uint64_t>::max() - 100, 5};

// Fills `n` numbers in one go, then in two parts cut at each of several groups; all are the same
// bits. Hands back the numbers.
template <class T, class Distribution>
std::vector<T> fill_in_parts(const Distribution& distribution, std::int64_t n) {
  constexpr std::int64_t kGroup = Distribution::kGroup;
  const T untouched = T(-77);
  std::vector<T> whole(static_cast<std::size_t>(n) + 1, untouched);
  fill_part(kStart, distribution, 0, n, whole.data());
  EXPECT_EQ(whole.back(), untouched);
  for (std::int64_t cut = 0; cut <= n; cut += 37 * kGroup) {
    std::vector<T> parts(static_cast<std::size_t>(n) + 1, untouched);
    fill_part(kStart, distribution, cut, n, parts.data());
    fill_part(kStart, distribution, 0, cut, parts.data());
    EXPECT_EQ(parts, whole) << "cut at " << cut;
  }
  whole.pop_back();
  return whole;
}

template <class T>
void check_floating() {
  for (const std::int64_t n : {0, 1, 2, 3, 5, 255, 256, 257, 1030}) {
    for (const T value : fill_in_parts<T>(Uniform<T>{}, n)) {
      ASSERT_GE(value, T(0));
      ASSERT_LT(value, T(1));
    }
    for (const T value : fill_in_parts<T>(TruncatedNormal<T>{}, n)) {
      ASSERT_LE(std::abs(static_cast<double>(value)), 2.0);
    }
    fill_in_parts<T>(Normal<T>{}, n);
  }
}

TEST(RandomFill, TheSplitDoesNotMatterToFloat32) { check_floating<float>(); }
TEST(RandomFill, TheSplitDoesNotMatterToFloat64) { check_floating<double>(); }
TEST(RandomFill, TheSplitDoesNotMatterToFloat16) { check_floating<half>(); }
TEST(RandomFill, TheSplitDoesNotMatterToBFloat16) { check_floating<bfloat16>(); }

TEST(RandomFill, TheSplitDoesNotMatterToIntegers) {
  for (const std::int32_t value :
       fill_in_parts<std::int32_t>(UniformInt<std::int32_t>::between(-3, 4), 999)) {
    ASSERT_GE(value, -3);
    ASSERT_LT(value, 4);
  }
  constexpr std::int64_t kLow = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t value :
       fill_in_parts<std::int64_t>(UniformInt<std::int64_t>::between(kLow, kLow + 2), 999)) {
    ASSERT_LE(value, kLow + 1);
  }
  fill_in_parts<std::int32_t>(UniformFullInt<std::int32_t>{}, 999);
  fill_in_parts<std::int64_t>(UniformFullInt<std::int64_t>{}, 999);
}

TEST(RandomFill, ARangeMaySpanTheWholeType) {
  constexpr std::int32_t kLow = std::numeric_limits<std::int32_t>::min();
  constexpr std::int32_t kHigh = std::numeric_limits<std::int32_t>::max();
  const auto distribution = UniformInt<std::int32_t>::between(kLow, kHigh);
  EXPECT_EQ(distribution.range, std::numeric_limits<std::uint32_t>::max());
  const std::vector<std::int32_t> values = fill_in_parts<std::int32_t>(distribution, 4);
  const PhiloxBlock block = philox_block(kStart);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i], static_cast<std::int32_t>(block.words[i] % distribution.range +
                                                   static_cast<std::uint32_t>(kLow)));
  }
}

TEST(RandomFill, TheLargestNormalIsFinite) {
  float pair[2];
  normal_pair(0, 0, pair);  // the uniform number is 0, whose logarithm is not finite
  EXPECT_FLOAT_EQ(pair[0], 0.0F);
  EXPECT_FLOAT_EQ(pair[1], std::sqrt(-2.0F * std::log(1.0e-7F)));
}

}  // namespace
}  // namespace keen::random
