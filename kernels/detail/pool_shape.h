// The geometry of a pool from its arguments.
#pragma once

#include "kernels/detail/pool.h"
#include "kernels/pool.h"

namespace keen::op {

// Windows over `input` of rank 4; unknown dimensions come out as -1. `op` names the caller in
// errors.
[[nodiscard]] detail::PoolShape pool_shape(const char* op, const Shape& input,
                                           const Pool2DArgs& args);

}  // namespace keen::op
