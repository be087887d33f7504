#include "kernels/detail/reduce_plan.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "kernels/detail/wide_index.h"

namespace keen::detail {
namespace {

constexpr int kBlock = ReducePlan::kBlock;
// Outputs side by side that a block of columns has, where rows are wider than kWidest.
constexpr std::int64_t kWidth = 32;
constexpr std::int64_t kWidest = 64;
// Blocks that keep a GPU busy, and places for each thread from which on more of them are wanted.
constexpr std::int64_t kEnoughBlocks = 512;
constexpr std::int64_t kManyPlaces = 32;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Runs of axes into plan.kept and plan.reduced, outermost first; answers whether the innermost one
// is kept.
bool merge_axes(const Shape& shape, std::uint32_t mask, ReducePlan& plan) {
  bool innermost_kept = true;
  bool last_kept = true;
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const std::int64_t size = shape.dim(i);
    if (size == 1) continue;
    const bool kept = (mask >> i & 1U) == 0;
    ReduceAxis* axes = kept ? plan.kept : plan.reduced;
    int& rank = kept ? plan.kept_rank : plan.reduced_rank;
    if (stride == 1) innermost_kept = kept;
    if (stride != 1 && kept == last_kept) {
      axes[rank - 1].size *= size;
    } else {
      axes[rank].size = size;
      axes[rank++].stride = stride;
    }
    last_kept = kept;
    stride *= size;
  }
  std::reverse(plan.kept, plan.kept + plan.kept_rank);
  std::reverse(plan.reduced, plan.reduced + plan.reduced_rank);
  return innermost_kept;
}

// Reads the innermost run in vectors where that is possible.
void take_vectors(ReducePlan& plan, int vector, bool aligned, std::int64_t elements) {
  plan.end = elements;
  const int rank = plan.columns ? plan.kept_rank : plan.reduced_rank;
  if (!aligned || rank == 0) return;
  ReduceAxis& axis = plan.columns ? plan.kept[rank - 1] : plan.reduced[rank - 1];
  // A single row may end with a part of a vector.
  if (axis.size % vector != 0 && (plan.columns || plan.kept_rank > 0 || rank > 1)) return;
  plan.vector = true;
  axis.size = ceil_div(axis.size, vector);
  axis.stride = vector;
}

void choose_block(ReducePlan& plan) {
  if (plan.columns) {
    const std::int64_t row = plan.kept_rank == 0 ? 1 : plan.kept[plan.kept_rank - 1].size;
    const std::int64_t width = row <= kWidest ? row : kWidth;
    plan.lanes = static_cast<int>(std::clamp<std::int64_t>(plan.places, 1, kBlock / width));
    plan.width = static_cast<int>(std::max<std::int64_t>(width, kBlock / plan.lanes));
    return;
  }
  const auto floor = [](std::int64_t value) {
    return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(value)));
  };
  // Some places for each lane, but a warp's lanes at least while there are places for them.
  const std::int64_t places = std::max<std::int64_t>(1, plan.places);
  const std::int64_t least = std::min<std::int64_t>(32, floor(places));
  plan.lanes = static_cast<int>(
      std::clamp<std::int64_t>(floor(std::max<std::int64_t>(1, places / 4)), least, kBlock));
  plan.width = kBlock / plan.lanes;
}

void choose_parts(ReducePlan& plan, int most_parts) {
  plan.per_part = std::max<std::int64_t>(1, plan.places);
  const std::int64_t each = ceil_div(plan.places, plan.lanes);
  const std::int64_t tiles = plan.tiles();
  if (tiles * 2 > kEnoughBlocks || each < kManyPlaces || most_parts == 1) return;
  const std::int64_t parts = std::min<std::int64_t>(
      {ceil_div(each * 2, kManyPlaces), ceil_div(kEnoughBlocks, tiles), most_parts});
  plan.per_part = ceil_div(each, parts) * plan.lanes;
  plan.parts = static_cast<int>(ceil_div(plan.places, plan.per_part));
}

}  // namespace

ReducePlan reduce_plan(const Shape& shape, std::uint32_t mask, int vector, bool aligned,
                       int most_parts) {
  ReducePlan plan;
  const std::int64_t elements = shape.num_elements();
  if (elements == 0) {
    // Every output is what a reducer starts from.
    for (int i = 0; i < shape.rank(); ++i) {
      if ((mask >> i & 1U) == 0) plan.outputs *= shape.dim(i);
    }
    plan.places = 0;
    plan.columns = true;
    plan.width = kBlock;
    return plan;
  }
  plan.wide = elements >= wide_index_limit();
  plan.columns = merge_axes(shape, mask, plan);
  take_vectors(plan, vector, aligned, elements);
  for (int i = 0; i < plan.kept_rank; ++i) plan.outputs *= plan.kept[i].size;
  for (int i = 0; i < plan.reduced_rank; ++i) plan.places *= plan.reduced[i].size;
  if (!plan.wide) {
    for (ReduceAxis& axis : plan.kept) axis.fast = FastDivisor(axis.size);
    for (ReduceAxis& axis : plan.reduced) axis.fast = FastDivisor(axis.size);
  }
  choose_block(plan);
  choose_parts(plan, most_parts);
  return plan;
}

}  // namespace keen::detail
