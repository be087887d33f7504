// float16 and bfloat16 as bits. Results are rounded once, to nearest even.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

namespace keen::sim::ptx {

// The 16-bit format with `mantissa` bits after the point and `bias`.
template <int mantissa, int bias>
struct SmallFloat {
  static constexpr int kExponentBits = 15 - mantissa;
  static constexpr std::uint16_t kInfinity =
      static_cast<std::uint16_t>(((1 << kExponentBits) - 1) << mantissa);
  static constexpr std::uint16_t kNan = 0x7fff;  // the canonical NaN of PTX

  static double to_double(std::uint16_t bits) {
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    const int exponent = (bits & 0x7fff) >> mantissa;
    const int fraction = bits & ((1 << mantissa) - 1);
    if (exponent == (1 << kExponentBits) - 1) return fraction != 0 ? std::nan("") : sign * INFINITY;
    if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - mantissa);
    return sign * std::ldexp(fraction + (1 << mantissa), exponent - bias - mantissa);
  }

  static std::uint16_t from_double(double value) {
    const auto sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000 : 0);
    if (std::isnan(value)) return kNan;
    const double size = std::fabs(value);
    if (size == 0) return sign;
    if (std::isinf(size)) return sign | kInfinity;
    const int exponent = std::max(std::ilogb(size), 1 - bias);
    // In units of the last place, exactly; nearbyint rounds to even.
    const auto units =
        static_cast<std::int64_t>(std::nearbyint(std::ldexp(size, mantissa - exponent)));
    // A carry out of the fraction goes into the exponent by itself; below the least normal
    // exponent the units are the bits.
    const std::int64_t bits = units + (static_cast<std::int64_t>(exponent + bias - 1) << mantissa);
    return sign | static_cast<std::uint16_t>(bits >= kInfinity ? kInfinity : bits);
  }
};

using Half = SmallFloat<10, 15>;
using Bfloat = SmallFloat<7, 127>;

// a * b + c of values whose product is exact in double: the sum is rounded to odd, so that a second
// rounding to fewer bits gives what one rounding would (Boldo and Melquiond, 2008).
inline double multiply_add_to_odd(double a, double b, double c) {
  const double product = a * b, sum = product + c;
  if (!std::isfinite(sum)) return sum;
  const double part = sum - product, error = (product - (sum - part)) + (c - part);
  if (error == 0 || (std::bit_cast<std::uint64_t>(sum) & 1) != 0) return sum;
  return std::nextafter(sum, (error > 0) ? INFINITY : -INFINITY);
}

}  // namespace keen::sim::ptx
