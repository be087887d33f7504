// The conversion of one number to another type, as TensorFlow's Cast does it.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "runtime/base/macros.h"

namespace keen::detail {

// Numbers beyond the range of an integer type are undefined in C++: they take the value that x86's
// conversion to 64 (32) bits gives and are cut from there.
template <class To, class From>
KEEN_HOST_DEVICE To convert(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::floating_point<From> && std::integral<To>) {
    using Wide = std::conditional_t<(sizeof(To) < 4), std::int32_t, To>;
    constexpr From kEnd = -static_cast<From>(std::numeric_limits<Wide>::min());
    const bool fits = value >= -kEnd && value < kEnd;
    return static_cast<To>(fits ? static_cast<Wide>(value) : std::numeric_limits<Wide>::min());
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace keen::detail
