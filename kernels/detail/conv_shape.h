// The geometry of conv2d from its arguments.
#pragma once

#include "kernels/conv2d.h"
#include "kernels/detail/conv.h"

namespace keen::op {

// Checks input and filter against each other; unknown dimensions come out as -1. Both have rank 4.
// `op` names the caller in errors.
[[nodiscard]] detail::ConvShape conv_shape(const char* op, const Shape& input, const Shape& filter,
                                           const Conv2DArgs& args);

}  // namespace keen::op
