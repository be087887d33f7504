#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace keen::sim {

enum class Type { kFloat, kHalf, kBfloat16, kDouble };

inline std::size_t size_of(Type type) {
  if (type == Type::kDouble) return 8;
  return type == Type::kFloat ? 4 : 2;
}

// Element `index` of an array of `type`. Exact: double holds every value of the other types.
inline double load(const void* base, Type type, std::size_t index) {
  switch (type) {
    case Type::kFloat:
      return static_cast<const float*>(base)[index];
    case Type::kHalf:
      return __half2float(static_cast<const __half*>(base)[index]);
    case Type::kBfloat16:
      return __bfloat162float(static_cast<const __nv_bfloat16*>(base)[index]);
    case Type::kDouble:
      break;
  }
  return static_cast<const double*>(base)[index];
}

inline void store(void* base, Type type, std::size_t index, double value) {
  switch (type) {
    case Type::kFloat:
      static_cast<float*>(base)[index] = static_cast<float>(value);
      return;
    case Type::kHalf:
      static_cast<__half*>(base)[index] = __float2half(static_cast<float>(value));
      return;
    case Type::kBfloat16:
      static_cast<__nv_bfloat16*>(base)[index] = __float2bfloat16(static_cast<float>(value));
      return;
    case Type::kDouble:
      static_cast<double*>(base)[index] = value;
      return;
  }
}

// How a library may shorten its float inputs before it multiplies.
enum class Rounding { kNone, kTf32, kHalf, kBfloat16 };

// To the 10 mantissa bits of TF32, to nearest with ties away from zero
// (PTX ISA, "cvt.rna.tf32.f32").
inline float to_tf32(float value) {
  if (!std::isfinite(value)) return value;
  constexpr std::uint32_t kHalfUnit = 0x1000;
  constexpr std::uint32_t kDropped = 0x1fff;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + kHalfUnit) & ~kDropped);
}

inline float shorten(float value, Rounding rounding) {
  switch (rounding) {
    case Rounding::kTf32:
      return to_tf32(value);
    case Rounding::kHalf:
      return __half2float(__float2half(value));
    case Rounding::kBfloat16:
      return __bfloat162float(__float2bfloat16(value));
    case Rounding::kNone:
      break;
  }
  return value;
}

// A value as an output of `type` keeps it.
inline double rounded(double value, Type type) {
  alignas(double) std::byte kept[sizeof(double)] = {};
  store(kept, type, 0, value);
  return load(kept, type, 0);
}

}  // namespace keen::sim
