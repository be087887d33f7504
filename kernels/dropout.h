// Dropout (tf.nn.dropout).
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/shape.h"
#include "runtime/tensor/tensor.h"

namespace keen::nn {

struct DropoutArgs {
  // Shape of the mask, which broadcasts against x: a dimension of 1 keeps or drops as one, one of
  // -1 is x's. Not given: x's shape.
  std::optional<Shape> noise_shape = {};
  std::optional<std::int64_t> seed = {};
};

// Elements of x, each with probability `rate` replaced by 0, the others multiplied by
// 1 / (1 - rate). Draws one number of [0, 1) for each element of the mask and keeps where it is at
// least `rate`; a rate of 0 takes a seed all the same and gives x itself. ValueError for a rate
// outside of [0, 1) and for an x that is not of a floating type.
[[nodiscard]] Tensor dropout(const Tensor& x, double rate, const DropoutArgs& args = {});

}  // namespace keen::nn
