// Free blocks by size: eight bins to each doubling, so that a bin's blocks differ by less than an
// eighth.
#pragma once

#include <cstddef>

namespace keen::device {

inline constexpr int kSizeBins = 288;
// Blocks are multiples of this many bytes.
inline constexpr std::size_t kSizeGranule = 512;

[[nodiscard]] constexpr std::size_t rounded_to_granules(std::size_t bytes) {
  return (bytes + kSizeGranule - 1) / kSizeGranule * kSizeGranule;
}

[[nodiscard]] constexpr int size_bin(std::size_t bytes) {
  const std::size_t units = bytes / kSizeGranule;
  if (units < 8) return static_cast<int>(units);
  const int shift = 60 - __builtin_clzll(units);
  return 8 * shift + static_cast<int>(units >> shift);
}

}  // namespace keen::device
