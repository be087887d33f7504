// Taking indices of 32 or 64 bits apart.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/detail/fast_divide.h"

namespace keen::detail {

// Division by a number that is fixed for a launch. Index is std::int32_t or std::int64_t.
template <class Index>
class IndexDivisor {
 public:
  IndexDivisor() = default;
  explicit IndexDivisor(std::int64_t divisor) : divisor_(divisor > 0 ? divisor : 1) {}
  // The quotient; value becomes the remainder.
  __device__ Index split(Index* value) const {
    if constexpr (sizeof(Index) == 4) {
      const auto all = static_cast<std::uint32_t>(*value);
      const std::uint32_t quotient = divisor_.divide(all);
      *value = static_cast<Index>(all - quotient * divisor_.divisor);
      return static_cast<Index>(quotient);
    } else {
      const Index quotient = *value / divisor_;
      *value -= quotient * divisor_;
      return quotient;
    }
  }

 private:
  std::conditional_t<sizeof(Index) == 4, FastDivisor, std::int64_t> divisor_{1};
};

}  // namespace keen::detail
