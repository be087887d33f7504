// 16-bit floating types: every pattern, and every float that matters for rounding.
#include "runtime/base/half.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstdint>

namespace keen::test {
namespace {

// The low halves of floats around which rounding changes, for each high half.
constexpr std::uint32_t kLowBits[] = {0,      1,      0x0FFF, 0x1000, 0x1001, 0x1FFF, 0x2000,
                                      0x3000, 0x7FFF, 0x8000, 0x8001, 0xDFFF, 0xF000, 0xFFFF};

// Calls f for each of 65,536 * 14 floats.
template <class F>
void for_floats(const F& f) {
  for (std::uint32_t high = 0; high <= 0xFFFF; ++high) {
    for (const std::uint32_t low : kLowBits) f(std::bit_cast<float>(high << 16 | low));
  }
}

TEST(half, every_pattern_is_the_number_that_ieee_says) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float got = half::from_bits(static_cast<std::uint16_t>(bits));
    const int exponent = static_cast<int>(bits >> 10 & 0x1F);
    const auto fraction = static_cast<float>(bits & 0x3FF);
    const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
    if (exponent == 0x1F && fraction != 0) {
      ASSERT_TRUE(std::isnan(got)) << bits;
      continue;
    }
    const float want = exponent == 0x1F ? INFINITY
                       : exponent == 0  ? std::ldexp(fraction, -24)
                                        : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(std::bit_cast<std::uint32_t>(got), std::bit_cast<std::uint32_t>(sign * want)) << bits;
  }
}

std::uint16_t rounded_by_the_processor(float value) {
  const __m128i halves = _mm_cvtps_ph(_mm_set_ss(value), _MM_FROUND_TO_NEAREST_INT);
  return static_cast<std::uint16_t>(_mm_cvtsi128_si32(halves));
}

TEST(half, rounds_floats_as_the_processor_does) {
  for_floats([](float value) {
    const half got(value);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(got)));
      return;
    }
    ASSERT_EQ(got.bits, rounded_by_the_processor(value)) << value;
  });
}

TEST(half, every_pattern_survives_the_way_through_float) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const half value = half::from_bits(static_cast<std::uint16_t>(bits));
    const float wide = value;
    if (!std::isnan(wide)) {
      ASSERT_EQ(half(wide).bits, bits);
    }
  }
}

TEST(bfloat16, is_the_upper_half_of_a_float) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float wide = bfloat16::from_bits(static_cast<std::uint16_t>(bits));
    ASSERT_EQ(std::bit_cast<std::uint32_t>(wide), bits << 16);
    if (!std::isnan(wide)) {
      ASSERT_EQ(bfloat16(wide).bits, bits);
    }
  }
}

TEST(bfloat16, rounds_to_nearest_even) {
  for_floats([](float value) {
    const bfloat16 got(value);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(got)));
      return;
    }
    const auto word = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t below = word >> 16;
    const std::uint32_t rest = word & 0xFFFF;
    const bool up = rest > 0x8000 || (rest == 0x8000 && (below & 1) != 0);
    ASSERT_EQ(got.bits, below + (up ? 1 : 0)) << value;
  });
}

}  // namespace
}  // namespace keen::test
