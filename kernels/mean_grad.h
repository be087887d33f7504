// The gradient of means.
#pragma once

#include "runtime/op/op.h"

namespace keen::op {

struct MeanGradArgs {
  Shape shape;
  std::int64_t divisor = 1;
};

// dy / divisor, broadcast to `shape`. Floating dtypes; InvalidArgumentError for a dy that does not
// broadcast to it.
extern const Op kMeanGrad;

}  // namespace keen::op
