// tf.argmax, tf.argmin
#pragma once

#include <cstdint>

#include "runtime/base/dtype.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct ArgMaxArgs {
  std::int64_t axis = 0;
  DType output_type = DType::kInt64;  // or int32
};

// Place of the largest (smallest) element along an axis: the first of those that tie. nan counts as
// neither. InvalidArgumentError where the axis has no elements.
[[nodiscard]] Tensor argmax(const Tensor& input, const ArgMaxArgs& args = {});
[[nodiscard]] Tensor argmin(const Tensor& input, const ArgMaxArgs& args = {});

}  // namespace keen
