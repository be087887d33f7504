// What the CPU's and the GPU's kernels of ConcatV2 and Split share.
#pragma once

#include <cstdint>

#include "runtime/base/shape.h"

namespace keen::detail {

struct ConcatArgs {
  std::int64_t axis = 0;
};
struct SplitArgs {
  std::int64_t axis = 0;
  std::int64_t num = 1;
};

// A tensor seen as [outer, axis and what is inside]: elements of the two.
struct Halves {
  std::int64_t outer = 1;
  std::int64_t inner = 1;
  Halves(const Shape& shape, int axis) {
    for (int i = 0; i < shape.rank(); ++i) (i < axis ? outer : inner) *= shape.dim(i);
  }
};

}  // namespace keen::detail
