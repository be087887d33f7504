// Division by a number that is fixed for a kernel: one multiplication and a shift
// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994).
#pragma once

#include <cstdint>

#include "runtime/base/macros.h"

namespace keen::detail {

// For dividends and divisors from 1 to 2^31 - 1.
struct FastDivisor {
  std::uint32_t divisor = 1;
  std::uint32_t multiplier = 1;
  std::uint32_t shift = 0;

  FastDivisor() = default;
  explicit FastDivisor(std::int64_t value) : divisor(static_cast<std::uint32_t>(value)) {
    while ((std::uint64_t{1} << shift) < divisor) ++shift;
    multiplier = static_cast<std::uint32_t>(
        (((std::uint64_t{1} << 32) * ((std::uint64_t{1} << shift) - divisor)) / divisor) + 1);
  }

  [[nodiscard]] KEEN_HOST_DEVICE std::uint32_t divide(std::uint32_t value) const {
    const auto high =
        static_cast<std::uint32_t>((static_cast<std::uint64_t>(value) * multiplier) >> 32);
    return (high + value) >> shift;
  }
};

}  // namespace keen::detail
