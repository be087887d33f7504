#pragma once

#include <cstdint>

#include "runtime/base/macros.h"

namespace keen::random {

// Philox 4x32 with 10 rounds, the counter-based generator behind every random number of Keen
// (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011), in the form
// that TensorFlow uses: a 64-bit key and a 128-bit counter, one block of four words per counter
// value. Block i is a pure function of the state, so any part of a stream can be made on its own.

// Four 32-bit words, in the order in which they are consumed.
struct PhiloxBlock {
  std::uint32_t words[4];
};

// The place in a stream: the next block is the one of (key, counter).
struct PhiloxState {
  std::uint64_t key = 0;
  std::uint64_t counter_low = 0;
  std::uint64_t counter_high = 0;

  // The state `blocks` blocks further on; the 128-bit counter wraps around.
  [[nodiscard]] KEEN_HOST_DEVICE constexpr PhiloxState skipped(std::uint64_t blocks) const {
    const std::uint64_t low = counter_low + blocks;
    return {key, low, counter_high + (low < blocks ? 1U : 0U)};
  }

  friend constexpr bool operator==(const PhiloxState&, const PhiloxState&) = default;
};

// The block at `state`.
[[nodiscard]] KEEN_HOST_DEVICE constexpr PhiloxBlock philox_block(const PhiloxState& state) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53U;
  constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57U;
  auto key0 = static_cast<std::uint32_t>(state.key);
  auto key1 = static_cast<std::uint32_t>(state.key >> 32U);
  auto c0 = static_cast<std::uint32_t>(state.counter_low);
  auto c1 = static_cast<std::uint32_t>(state.counter_low >> 32U);
  auto c2 = static_cast<std::uint32_t>(state.counter_high);
  auto c3 = static_cast<std::uint32_t>(state.counter_high >> 32U);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p = kMultiplier0 * c0;
    const std::uint64_t q = kMultiplier1 * c2;
    c0 = static_cast<std::uint32_t>(q >> 32U) ^ c1 ^ key0;
    c1 = static_cast<std::uint32_t>(q);
    c2 = static_cast<std::uint32_t>(p >> 32U) ^ c3 ^ key1;
    c3 = static_cast<std::uint32_t>(p);
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return {{c0, c1, c2, c3}};
}

// Where a stateful op with the attributes (seed, seed2) starts; not for (0, 0), which asks for a
// start that nobody can predict.
[[nodiscard]] constexpr PhiloxState stateful_start(std::int64_t seed, std::int64_t seed2) {
  return {static_cast<std::uint64_t>(seed), 0, static_cast<std::uint64_t>(seed2)};
}

// Where a stateless op with the seed [first, second] starts: the seed is scrambled by one block, so
// that neighbouring seeds give unrelated streams.
[[nodiscard]] constexpr PhiloxState stateless_start(std::int64_t first, std::int64_t second) {
  const PhiloxBlock block = philox_block(
      {0x02461E293EC8F720U, static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(second)});
  return {std::uint64_t{block.words[1]} << 32U | block.words[0], 0,
          std::uint64_t{block.words[3]} << 32U | block.words[2]};
}

// Writes the words of `blocks` consecutive blocks from `state` on to `words` (4 * blocks of them):
// the same words as philox_block, several blocks at a time. Host only.
void philox_words(const PhiloxState& state, std::int64_t blocks, std::uint32_t* words);

}  // namespace keen::random
