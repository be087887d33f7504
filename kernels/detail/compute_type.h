// The type in which elements are computed.
#pragma once

#include <type_traits>

#include "runtime/base/half.h"

namespace keen::detail {

// float for the 16-bit types, whose sums and products would lose bits, else T itself.
template <class T>
using Compute =
    std::conditional_t<std::is_same_v<T, half> || std::is_same_v<T, bfloat16>, float, T>;

}  // namespace keen::detail
