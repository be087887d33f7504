// Reducers: a commutative operation and what it starts from.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/detail/functors.h"
#include "runtime/base/macros.h"

namespace keen::detail {

struct SumReducer : functor::Add {
  template <class T>
  KEEN_HOST_DEVICE static constexpr T start() {
    return T(0);
  }
};
struct ProdReducer : functor::Mul {
  template <class T>
  KEEN_HOST_DEVICE static constexpr T start() {
    return T(1);
  }
};
struct MaxReducer : functor::Maximum {
  template <class T>
  KEEN_HOST_DEVICE static constexpr T start() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  }
};
struct MinReducer : functor::Minimum {
  template <class T>
  KEEN_HOST_DEVICE static constexpr T start() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::max();
  }
};
struct AllReducer : functor::LogicalAnd {
  template <class T>
  KEEN_HOST_DEVICE static constexpr T start() {
    return true;
  }
};
struct AnyReducer : functor::LogicalOr {
  template <class T>
  KEEN_HOST_DEVICE static constexpr T start() {
    return false;
  }
};

// A result of a reduction divided by the number of its elements; integers towards zero, and zero
// over no elements.
template <class Acc>
KEEN_HOST_DEVICE Acc quotient(Acc sum, std::int64_t divisor) {
  if constexpr (std::is_floating_point_v<Acc>) {
    return sum / static_cast<Acc>(divisor);
  } else {
    return divisor == 0 ? Acc(0) : static_cast<Acc>(static_cast<std::int64_t>(sum) / divisor);
  }
}

}  // namespace keen::detail
