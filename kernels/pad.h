// tf.pad
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/tensor/tensor.h"

namespace keen {

// Elements before and after each dimension.
using Paddings = std::vector<std::pair<std::int64_t, std::int64_t>>;

// Mode CONSTANT. InvalidArgumentError for a negative padding or another number of them than
// dimensions.
[[nodiscard]] Tensor pad(const Tensor& tensor, const Paddings& paddings,
                         double constant_values = 0);

}  // namespace keen
