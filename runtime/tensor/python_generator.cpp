#include "runtime/tensor/python_generator.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "runtime/base/error.h"

namespace keen::random {

PythonGenerator::PythonGenerator(std::int64_t seed) {
  const auto bits = static_cast<std::uint64_t>(seed);
  const std::uint64_t magnitude = seed < 0 ? std::uint64_t{0} - bits : bits;
  const std::array<std::uint32_t, 2> words{static_cast<std::uint32_t>(magnitude),
                                           static_cast<std::uint32_t>(magnitude >> 32U)};
  initialize(std::span(words).first(words[1] != 0 ? 2 : 1));
}

PythonGenerator::PythonGenerator(std::span<const std::uint32_t> magnitude) {
  constexpr std::array<std::uint32_t, 1> kZero{0};
  initialize(magnitude.empty() ? std::span<const std::uint32_t>(kZero) : magnitude);
}

// MT19937's seeding by an array: a first fill that ignores the key, one pass that mixes the key in,
// one that mixes the state with itself.
void PythonGenerator::initialize(std::span<const std::uint32_t> key) {
  state_[0] = 19650218U;
  for (std::size_t i = 1; i < kSize; ++i) {
    const std::uint32_t last = state_[i - 1];
    state_[i] = 1812433253U * (last ^ (last >> 30U)) + static_cast<std::uint32_t>(i);
  }
  std::size_t at = 1;
  const auto advance = [&] {
    if (++at == kSize) {
      state_[0] = state_[kSize - 1];
      at = 1;
    }
  };
  const auto mixed = [&](std::uint32_t multiplier) {
    const std::uint32_t last = state_[at - 1];
    return state_[at] ^ ((last ^ (last >> 30U)) * multiplier);
  };
  for (std::size_t i = 0; i < std::max(kSize, key.size()); ++i) {
    const std::size_t j = i % key.size();
    state_[at] = mixed(1664525U) + key[j] + static_cast<std::uint32_t>(j);
    advance();
  }
  for (std::size_t i = 1; i < kSize; ++i) {
    state_[at] = mixed(1566083941U) - static_cast<std::uint32_t>(at);
    advance();
  }
  state_[0] = 0x80000000U;
  next_ = kSize;
}

void PythonGenerator::regenerate() {
  constexpr std::size_t kShift = 397;
  for (std::size_t i = 0; i < kSize; ++i) {
    const std::uint32_t joined =
        (state_[i] & 0x80000000U) | (state_[(i + 1) % kSize] & 0x7FFFFFFFU);
    state_[i] =
        state_[(i + kShift) % kSize] ^ (joined >> 1U) ^ ((joined & 1U) != 0 ? 0x9908B0DFU : 0U);
  }
  next_ = 0;
}

std::uint32_t PythonGenerator::word() {
  if (next_ == kSize) {
    regenerate();
  }
  std::uint32_t word = state_[next_++];
  word ^= word >> 11U;
  word ^= (word << 7U) & 0x9D2C5680U;
  word ^= (word << 15U) & 0xEFC60000U;
  return word ^ (word >> 18U);
}

std::uint64_t PythonGenerator::getrandbits(int bits) {
  if (bits < 1 || bits > 64) {
    throw ValueError("getrandbits: number of bits must be in [1, 64], got " + std::to_string(bits));
  }
  if (bits <= 32) {
    return word() >> static_cast<unsigned>(32 - bits);
  }
  const std::uint64_t low = word();
  const std::uint64_t high = word() >> static_cast<unsigned>(64 - bits);
  return high << 32U | low;
}

std::int64_t PythonGenerator::randint(std::int64_t low, std::int64_t high) {
  if (low > high) {
    throw ValueError("randint: empty range [" + std::to_string(low) + ", " + std::to_string(high) +
                     "]");
  }
  const std::uint64_t last = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (last == std::numeric_limits<std::uint64_t>::max()) {
    throw ValueError("randint: the range [" + std::to_string(low) + ", " + std::to_string(high) +
                     "] has more than 2**64 - 1 numbers");
  }
  // Python draws as many bits as the width itself has, one more than needed for a power of two.
  const int bits = std::bit_width(last + 1);
  std::uint64_t drawn = getrandbits(bits);
  while (drawn > last) {
    drawn = getrandbits(bits);
  }
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + drawn);
}

}  // namespace keen::random
