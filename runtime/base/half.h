// 16-bit floating types: IEEE binary16 and bfloat16.
//
// Both convert from float by rounding to nearest even, and to float exactly. Arithmetic is done in
// float by the caller, as TensorFlow's CPU kernels do.
#pragma once

#include <bit>
#include <cstdint>

#include "runtime/base/macros.h"

namespace keen {

struct half {
  std::uint16_t bits = 0;

  half() = default;
  KEEN_HOST_DEVICE constexpr explicit half(float value) : bits(from_float(value)) {}
  KEEN_HOST_DEVICE constexpr operator float() const { return to_float(bits); }  // NOLINT
  KEEN_HOST_DEVICE static constexpr half from_bits(std::uint16_t raw) {
    half result;
    result.bits = raw;
    return result;
  }

 private:
  KEEN_HOST_DEVICE static constexpr std::uint16_t from_float(float value) {
    const std::uint32_t word = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (word >> 16) & 0x8000U;
    const std::uint32_t magnitude = word & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);
    // 65520 is the smallest magnitude that rounds to infinity.
    if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);
    if (magnitude >= 0x38800000U) {
      const std::uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13) & 1U);
      return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
    }
    // Subnormal: adding 0.5 lets the float unit do the shift and the rounding.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  KEEN_HOST_DEVICE static constexpr float to_float(std::uint16_t raw) {
    const std::uint32_t sign = (raw & 0x8000U) << 16;
    const std::uint32_t magnitude = raw & 0x7FFFU;
    if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x70000000U | (magnitude << 13));
    if (magnitude >= 0x0400U) {
      return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000U));
    }
    const float value = static_cast<float>(magnitude) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
  }
};

struct bfloat16 {
  std::uint16_t bits = 0;

  bfloat16() = default;
  KEEN_HOST_DEVICE constexpr explicit bfloat16(float value) : bits(from_float(value)) {}
  KEEN_HOST_DEVICE constexpr operator float() const {  // NOLINT
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
  KEEN_HOST_DEVICE static constexpr bfloat16 from_bits(std::uint16_t raw) {
    bfloat16 result;
    result.bits = raw;
    return result;
  }

 private:
  KEEN_HOST_DEVICE static constexpr std::uint16_t from_float(float value) {
    const std::uint32_t word = std::bit_cast<std::uint32_t>(value);
    if ((word & 0x7FFFFFFFU) > 0x7F800000U) {
      return static_cast<std::uint16_t>((word >> 16) | 0x0040U);
    }
    return static_cast<std::uint16_t>((word + 0x7FFFU + ((word >> 16) & 1U)) >> 16);
  }
};

}  // namespace keen
