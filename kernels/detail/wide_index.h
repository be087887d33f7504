// From how many elements on GPU kernels count in 64 bits.
#pragma once

#include <cstdint>

namespace keen::detail {

// 2^31, or what a test has set.
[[nodiscard]] std::int64_t wide_index_limit();
// For tests of the 64-bit paths, which would need tensors of gigabytes. 0: the default again.
void set_wide_index_limit(std::int64_t elements);

}  // namespace keen::detail
