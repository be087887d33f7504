#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "runtime/base/half.h"
#include "runtime/base/macros.h"
#include "runtime/tensor/philox.h"

namespace keen::random {

// How Philox words become numbers, as TensorFlow's kernels do it. A distribution makes its outputs
// in groups of kGroup from the blocks of the stream: group g starts kBlocks * g blocks after the
// start, whatever the groups before it used, so that every part of an output can be made on its own
// and the number of threads changes nothing. If the last group is cut, its last outputs are
// dropped.
//
//   template <class T> struct D {
//     static constexpr int kGroup;       outputs per group
//     static constexpr int kBlocks;      blocks from one group to the next
//     void operator()(const PhiloxBlock&, T* out) const;          kBlocks == 1
//     void operator()(const PhiloxState& group, T* out) const;    kBlocks > 1
//   };
//
// 16-bit types are made from the float32 number (T{float} rounds to nearest even).

// The low 23 bits of a word as a number in [0, 1).
[[nodiscard]] KEEN_HOST_DEVICE inline float word_to_float(std::uint32_t word) {
  const std::uint32_t bits = (word & 0x7FFFFFU) | 0x3F800000U;
  float value = 0.0F;
  std::memcpy(&value, &bits, sizeof(value));
  return value - 1.0F;
}

// 52 bits of two words as a number in [0, 1): the low 20 of `high`, then all of `low`.
[[nodiscard]] KEEN_HOST_DEVICE inline double words_to_double(std::uint32_t high,
                                                             std::uint32_t low) {
  const std::uint64_t bits =
      std::uint64_t{0x3FF00000U | (high & 0xFFFFFU)} << 32U | std::uint64_t{low};
  double value = 0.0;
  std::memcpy(&value, &bits, sizeof(value));
  return value - 1.0;
}

[[nodiscard]] KEEN_HOST_DEVICE constexpr std::uint64_t words_to_uint64(std::uint32_t low,
                                                                       std::uint32_t high) {
  return std::uint64_t{high} << 32U | low;
}

// Uniform numbers in [0, 1).
template <class T>
struct Uniform {
  static constexpr int kGroup = sizeof(T) == 8 ? 2 : 4;
  static constexpr int kBlocks = 1;

  KEEN_HOST_DEVICE void operator()(const PhiloxBlock& block, T* out) const {
    if constexpr (std::is_same_v<T, double>) {
      out[0] = words_to_double(block.words[0], block.words[1]);
      out[1] = words_to_double(block.words[2], block.words[3]);
    } else {
      for (int i = 0; i < 4; ++i) {
        out[i] = from_word(block.words[i]);
      }
    }
  }

 private:
  // A 16-bit number takes as many low bits as it has of mantissa, and is exact.
  KEEN_HOST_DEVICE static T from_word(std::uint32_t word) {
    if constexpr (std::is_same_v<T, float>) {
      return word_to_float(word);
    } else {
      constexpr std::uint32_t kSteps = std::is_same_v<T, half> ? 1024U : 128U;
      return T(static_cast<float>(word % kSteps) / static_cast<float>(kSteps));
    }
  }
};

// Whole numbers of [low, low + range), by remainder; range > 0.
template <class T>
struct UniformInt {
  using Unsigned = std::make_unsigned_t<T>;
  static constexpr int kGroup = sizeof(T) == 8 ? 2 : 4;
  static constexpr int kBlocks = 1;

  Unsigned low;
  Unsigned range;

  // The numbers of [minval, maxval).
  [[nodiscard]] static constexpr UniformInt between(T minval, T maxval) {
    const auto low = static_cast<Unsigned>(minval);
    return {low, static_cast<Unsigned>(maxval) - low};
  }

  KEEN_HOST_DEVICE void operator()(const PhiloxBlock& block, T* out) const {
    for (int i = 0; i < kGroup; ++i) {
      if constexpr (kGroup == 2) {
        const std::uint64_t words = words_to_uint64(block.words[2 * i], block.words[2 * i + 1]);
        out[i] = static_cast<T>(low + words % range);
      } else {
        out[i] = static_cast<T>(low + block.words[i] % range);
      }
    }
  }
};

// Whole numbers over the full range of the type.
template <class T>
struct UniformFullInt {
  static constexpr int kGroup = sizeof(T) == 8 ? 2 : 4;
  static constexpr int kBlocks = 1;

  KEEN_HOST_DEVICE void operator()(const PhiloxBlock& block, T* out) const {
    for (int i = 0; i < kGroup; ++i) {
      if constexpr (kGroup == 2) {
        out[i] = static_cast<T>(words_to_uint64(block.words[2 * i], block.words[2 * i + 1]));
      } else {
        out[i] = static_cast<T>(block.words[i]);
      }
    }
  }
};

// Two independent standard normal numbers out of two words, by Box and Muller. The angle is formed
// in double and then rounded; logf, sinf, cosf are the C library's, in single precision.
KEEN_HOST_DEVICE inline void normal_pair(std::uint32_t word0, std::uint32_t word1, float* out) {
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  const float uniform = word_to_float(word0);
  const float positive = uniform < 1.0e-7F ? 1.0e-7F : uniform;  // the logarithm stays finite
  const auto angle = static_cast<float>(kTwoPi * static_cast<double>(word_to_float(word1)));
  const float radius = std::sqrt(-2.0F * std::log(positive));
  out[0] = std::sin(angle) * radius;
  out[1] = std::cos(angle) * radius;
}

// The same in double precision, out of four words.
KEEN_HOST_DEVICE inline void normal_pair(const PhiloxBlock& block, double* out) {
  constexpr double kTwoPi = 6.283185307179586476925286766559;
  const double uniform = words_to_double(block.words[0], block.words[1]);
  const double positive = uniform < 1.0e-7 ? 1.0e-7 : uniform;
  const double angle = kTwoPi * words_to_double(block.words[2], block.words[3]);
  const double radius = std::sqrt(-2.0 * std::log(positive));
  out[0] = std::sin(angle) * radius;
  out[1] = std::cos(angle) * radius;
}

// Standard normal numbers.
template <class T>
struct Normal {
  static constexpr int kGroup = sizeof(T) == 8 ? 2 : 4;
  static constexpr int kBlocks = 1;

  KEEN_HOST_DEVICE void operator()(const PhiloxBlock& block, T* out) const {
    if constexpr (std::is_same_v<T, double>) {
      normal_pair(block, out);
    } else {
      float values[4];
      normal_pair(block.words[0], block.words[1], values);
      normal_pair(block.words[2], block.words[3], values + 2);
      for (int i = 0; i < 4; ++i) {
        out[i] = T(values[i]);
      }
    }
  }
};

// Standard normal numbers of absolute value below 2: a group reads blocks until it is full, and 256
// samples per output are set aside for it. Whether 16-bit numbers are kept is decided in float32.
template <class T>
struct TruncatedNormal {
  static constexpr int kGroup = sizeof(T) == 8 ? 2 : 4;
  static constexpr int kBlocks = 256 * kGroup / 4;

  KEEN_HOST_DEVICE void operator()(const PhiloxState& group, T* out) const {
    fill(group, [out](int place, T value) { out[place] = value; });
  }

  // Calls put(place, value) for places 0, 1, … of the group.
  template <class Put>
  KEEN_HOST_DEVICE void fill(const PhiloxState& group, const Put& put) const {
    using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const Normal<Wide> normal;
    int filled = 0;
    for (std::uint64_t block = 0; filled < kGroup; ++block) {
      Wide values[kGroup];
      normal(philox_block(group.skipped(block)), values);
      for (int i = 0; i < kGroup && filled < kGroup; ++i) {
        if (std::abs(values[i]) < Wide{2}) {
          put(filled++, T(values[i]));
        }
      }
    }
  }
};

}  // namespace keen::random
