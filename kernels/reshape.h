// Other shapes for the same elements: nothing is copied (tf.reshape, expand_dims, squeeze).
#pragma once

#include <cstdint>

#include "runtime/base/ints.h"
#include "runtime/base/shape.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// One dimension of `shape` may be -1: it takes what the others leave. InvalidArgumentError where
// the number of elements doesn't fit.
[[nodiscard]] Tensor reshape(const Tensor& tensor, const Shape& shape);
// A dimension of 1 before `axis`, which lies in [-rank - 1, rank].
[[nodiscard]] Tensor expand_dims(const Tensor& input, std::int64_t axis);
// Without the dimensions of 1 at `axis` (all of them if empty). InvalidArgumentError if one is
// not 1.
[[nodiscard]] Tensor squeeze(const Tensor& input, const Ints& axis = {});

}  // namespace keen
