// What the CPU's and the GPU's kernels of ops that go by indices share.
#pragma once

#include <cstdint>

#include "kernels/detail/host_ints.h"
#include "runtime/base/dtype.h"
#include "runtime/base/shape.h"
#include "runtime/device/device.h"

namespace keen::detail {

struct GatherArgs {
  std::int64_t axis = 0;
};
struct SegmentArgs {
  std::int64_t num_segments = 0;
};
struct OneHotAttrs {
  std::int64_t depth = 0;
  double on_value = 1;
  double off_value = 0;
  std::int64_t axis = -1;
  DType dtype = DType::kFloat32;
};

// Elements of dimensions begin to end.
[[nodiscard]] inline std::int64_t product(const Shape& shape, int begin, int end) {
  std::int64_t result = 1;
  for (int i = begin; i < end; ++i) result *= shape.dim(i);
  return result;
}

// Where OneHot puts its new dimension.
[[nodiscard]] inline int new_axis(std::int64_t axis, int rank) {
  return axis == -1 ? rank : axis_of(axis, rank + 1, "OneHot");
}

// out[o, i, :] = from[o, indices[i], :], zeros where there is no such row, in one launch on a GPU.
struct RowGather {
  std::int64_t outer = 1;
  std::int64_t limit = 0;      // rows of `from` that one o has
  std::int64_t count = 0;      // indices
  std::int64_t row_bytes = 0;  // a multiple of element_bytes
  std::size_t element_bytes = 1;
  DType index_type = DType::kInt32;  // or kInt64
};
void gather_rows(Device device, const RowGather& rows, const void* from, const void* indices,
                 void* out);  // gather.cu

}  // namespace keen::detail
