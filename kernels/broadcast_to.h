// tf.broadcast_to
#pragma once

#include "runtime/base/shape.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// The elements under NumPy's broadcasting; the tensor itself if it has the shape.
// InvalidArgumentError where they don't fit.
[[nodiscard]] Tensor broadcast_to(const Tensor& input, const Shape& shape);

}  // namespace keen
