// How a reduction is shared out among the threads of a GPU: by its shape alone, so that the order
// of every sum, and with it the bits, are those of any other GPU.
//
// Axes are merged into runs that are kept or reduced in turn. A block has `width` outputs and
// `lanes` threads for each of them; a thread takes every lanes-th reduced place, and then the lanes
// are combined in pairs. Where the innermost run is reduced, neighbouring threads are lanes of one
// output, else ("columns") they have neighbouring outputs: both read contiguous memory. What few
// blocks would take long for is split into parts, whose results a second reduction combines.
#pragma once

#include <cstdint>

#include "kernels/detail/fast_divide.h"
#include "runtime/base/macros.h"
#include "runtime/base/shape.h"

namespace keen::detail {

struct ReduceAxis {
  std::int64_t size = 1;
  std::int64_t stride = 1;
  FastDivisor fast;  // by size; unused where indices are wide
};

struct ReducePlan {
  static constexpr int kBlock = 256;
  static constexpr int kMaxAxes = Shape::kMaxRank / 2;

  ReduceAxis kept[kMaxAxes];  // outermost first
  ReduceAxis reduced[kMaxAxes];
  int kept_rank = 0;
  int reduced_rank = 0;
  bool wide = false;     // indices need 64 bits
  bool columns = false;  // the innermost run is kept
  bool vector = false;   // elements are read `vector` at a time along the innermost run
  int width = 1;
  int lanes = 1;
  int parts = 1;
  std::int64_t outputs = 1;   // or vectors of them
  std::int64_t places = 1;    // reduced; or vectors of them
  std::int64_t per_part = 1;  // places of a part
  std::int64_t end = 0;       // elements past which no vector may reach

  // Threads' outputs are vectors.
  [[nodiscard]] KEEN_HOST_DEVICE bool wide_outputs() const { return columns && vector; }
  // Blocks that share out the outputs.
  [[nodiscard]] std::int64_t tiles() const { return (outputs + width - 1) / width; }
};

// `mask` has a bit for each reduced axis of `shape`. A vector has `vector` elements; `aligned` says
// whether input and output can be read and written so. Nothing may be asked of a shape without
// outputs.
[[nodiscard]] ReducePlan reduce_plan(const Shape& shape, std::uint32_t mask, int vector,
                                     bool aligned, int most_parts);

// Parts of one reduction at most.
inline constexpr int kMostReduceParts = 512;

}  // namespace keen::detail
