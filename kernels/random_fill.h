#pragma once

#include <algorithm>
#include <cstdint>

#include "runtime/tensor/philox.h"
#include "runtime/tensor/random_distribution.h"

namespace keen::random {

// Writes outputs [begin, end) of the stream that starts at `start` to out[begin, end). `begin` is a
// multiple of the distribution's group. Parts of one output may be written by several threads; the
// numbers do not depend on the split.
template <class T, class Distribution>
void fill_part(const PhiloxState& start, const Distribution& distribution, std::int64_t begin,
               std::int64_t end, T* out) {
  constexpr std::int64_t kGroup = Distribution::kGroup;
  constexpr std::int64_t kChunk = 64;  // groups; their words stay in the first-level cache
  PhiloxState at = start.skipped(static_cast<std::uint64_t>(begin / kGroup) *
                                 static_cast<std::uint64_t>(Distribution::kBlocks));
  PhiloxBlock blocks[kChunk];
  T last[kGroup];
  for (std::int64_t i = begin; i < end;) {
    const std::int64_t groups = std::min(kChunk, (end - i + kGroup - 1) / kGroup);
    const std::int64_t whole = std::min(groups, (end - i) / kGroup);
    const auto make = [&](std::int64_t group, T* values) {
      if constexpr (Distribution::kBlocks == 1) {
        distribution(blocks[group], values);
      } else {
        distribution(at.skipped(static_cast<std::uint64_t>(group) * Distribution::kBlocks), values);
      }
    };
    if constexpr (Distribution::kBlocks == 1) {
      philox_words(at, groups, blocks[0].words);
    }
    for (std::int64_t group = 0; group < whole; ++group) {
      make(group, out + i + group * kGroup);
    }
    if (whole < groups) {
      make(whole, last);
      std::copy_n(last, end - i - whole * kGroup, out + i + whole * kGroup);
    }
    at = at.skipped(static_cast<std::uint64_t>(groups) * Distribution::kBlocks);
    i += groups * kGroup;
  }
}

}  // namespace keen::random
