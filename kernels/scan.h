// Running sums and products along an axis (tf.cumsum, tf.math.cumprod).
#pragma once

#include <cstdint>

#include "runtime/tensor/tensor.h"

namespace keen {

struct ScanArgs {
  std::int64_t axis = 0;
  bool exclusive = false;  // element i is left out of result i
  bool reverse = false;    // from the end
};

// Numbers. InvalidArgumentError for an axis outside of [-rank, rank).
[[nodiscard]] Tensor cumsum(const Tensor& x, const ScanArgs& args = {});
// Its gradient divides by x, as TensorFlow's does: nan where x is zero.
[[nodiscard]] Tensor cumprod(const Tensor& x, const ScanArgs& args = {});

}  // namespace keen
