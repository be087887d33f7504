// The order of rows by the segments that they belong to, on a GPU.
#pragma once

#include <cstdint>

#include "runtime/base/dtype.h"
#include "runtime/base/ref_counted.h"
#include "runtime/device/buffer.h"
#include "runtime/op/op.h"

namespace keen::detail {

// Rows by segment, and within one as they came. An id that is no segment's counts as `segments`
// and comes last. A stable radix sort: one launch for each byte of the largest id if there are at
// most 4096 rows, else three.
struct SegmentOrder {
  RefPtr<Buffer> memory;
  const void* segments = nullptr;  // n, ascending
  const void* rows = nullptr;      // n
  DType type = DType::kInt32;      // of both; int64 where int32 does not reach

  // The ids are input `input` of the call.
  static SegmentOrder of(op::KernelContext& context, int input, std::int64_t segments);
};

}  // namespace keen::detail
