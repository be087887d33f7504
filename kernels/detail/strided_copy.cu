#include <algorithm>
#include <cstdlib>

#include "kernels/detail/fast_divide.h"
#include "kernels/detail/strided_copy.h"
#include "kernels/detail/units.cuh"
#include "kernels/detail/wide_index.h"
#include "runtime/base/error.h"

namespace keen::detail {
namespace {

constexpr int kMaxRank = Shape::kMaxRank;

// ---- Element by element ----

struct StridedPlan {
  std::int64_t n = 0;
  int rank = 0;
  bool wide = false;
  FastDivisor fast_dims[kMaxRank] = {};
  std::int64_t dims[kMaxRank] = {};
  std::int64_t strides[kMaxRank] = {};
};

__device__ inline std::int64_t offset_of(const StridedPlan& plan, std::int64_t index) {
  if (plan.wide) {
    std::int64_t offset = 0;
    for (int d = plan.rank - 1; d > 0; --d) {
      const std::int64_t rest = index / plan.dims[d];
      offset += (index - rest * plan.dims[d]) * plan.strides[d];
      index = rest;
    }
    return offset + index * plan.strides[0];
  }
  auto left = static_cast<std::uint32_t>(index);
  std::int32_t offset = 0;
  for (int d = plan.rank - 1; d > 0; --d) {
    const std::uint32_t rest = plan.fast_dims[d].divide(left);
    const auto at = static_cast<std::int32_t>(left - rest * plan.fast_dims[d].divisor);
    offset += at * static_cast<std::int32_t>(plan.strides[d]);
    left = rest;
  }
  return offset + static_cast<std::int32_t>(left) * static_cast<std::int32_t>(plan.strides[0]);
}

template <class Unit>
__global__ void __launch_bounds__(kLoopBlock)
    strided_kernel(const Unit* from, Unit* to, const __grid_constant__ StridedPlan plan) {
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    to[i] = from[offset_of(plan, i)];
  }
}

// ---- Tile by tile ----

// Elements of a tile, and of the shared memory that holds one: rows of `columns` or one more
// elements, so that a column lies in different banks.
constexpr int kTile = 1024;
constexpr int kTileSpace = kTile + kTile / 2;
constexpr int kTileSide = 32;
constexpr int kPerThread = kTile / kLoopBlock;

// Columns lie densely in the input, rows in the output.
struct TilePlan {
  std::uint32_t tiles = 0;
  FastDivisor tiles_across = {};  // along columns
  FastDivisor tiles_down = {};
  FastDivisor width = {};  // of a tile, along columns
  FastDivisor height = {};
  std::int64_t columns = 0;
  std::int64_t rows = 0;
  std::int64_t from_stride = 0;  // from row to row
  std::int64_t to_stride = 0;    // from column to column
  int rank = 0;                  // of the dimensions around, innermost first
  FastDivisor dims[kMaxRank] = {};
  std::int64_t sizes[kMaxRank] = {};
  std::int64_t from[kMaxRank] = {};
  std::int64_t to[kMaxRank] = {};
};

template <class Unit>
__global__ void __launch_bounds__(kLoopBlock)
    transpose_kernel(const Unit* __restrict__ from, Unit* __restrict__ to,
                     const __grid_constant__ TilePlan plan) {
  __shared__ Unit tile[kTileSpace];
  const std::uint32_t width = plan.width.divisor;
  const std::uint32_t height = plan.height.divisor;
  const std::uint32_t pitch = width | 1;
  for (std::uint32_t index = blockIdx.x; index < plan.tiles; index += gridDim.x) {
    const std::uint32_t line = plan.tiles_down.divide(index);
    const std::int64_t row0 = std::int64_t{index - line * plan.tiles_down.divisor} * height;
    std::uint32_t rest = plan.tiles_across.divide(line);
    const std::int64_t column0 = std::int64_t{line - rest * plan.tiles_across.divisor} * width;
    std::int64_t read = column0 + row0 * plan.from_stride;
    std::int64_t write = row0 + column0 * plan.to_stride;
    for (int d = 0; d < plan.rank; ++d) {
      const std::uint32_t outer = plan.dims[d].divide(rest);
      const std::int64_t at = rest - outer * plan.dims[d].divisor;
      read += at * plan.from[d];
      write += at * plan.to[d];
      rest = outer;
    }
    const auto columns =
        static_cast<std::uint32_t>(min(plan.columns - column0, std::int64_t{width}));
    const auto rows = static_cast<std::uint32_t>(min(plan.rows - row0, std::int64_t{height}));
#pragma unroll
    for (int k = 0; k < kPerThread; ++k) {
      const std::uint32_t at = threadIdx.x + k * kLoopBlock;
      const std::uint32_t row = plan.width.divide(at);
      const std::uint32_t column = at - row * width;
      if (row < rows && column < columns) {
        tile[row * pitch + column] = from[read + row * plan.from_stride + column];
      }
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kPerThread; ++k) {
      const std::uint32_t at = threadIdx.x + k * kLoopBlock;
      const std::uint32_t column = plan.height.divide(at);
      const std::uint32_t row = at - column * height;
      if (row < rows && column < columns) {
        to[write + column * plan.to_stride + row] = tile[row * pitch + column];
      }
    }
    __syncthreads();
  }
}

// Sides of a tile: a short side is taken whole, and the other made as long as that allows.
void choose_sides(std::int64_t columns, std::int64_t rows, std::int64_t* width,
                  std::int64_t* height) {
  *width = std::min<std::int64_t>(columns, kTileSide);
  *height = std::min<std::int64_t>(rows, kTile / *width);
  if (*height < kTileSide) *width = std::min<std::int64_t>(columns, kTile / *height);
  if (*width >= kTileSide && *height > kTileSide) *height = kTileSide;
}

// ---- From dimensions to a launch ----

struct Dim {
  std::int64_t size = 0;
  std::int64_t from = 0;
};

// A copy into a dense array of units of `unit` bytes.
struct DenseCopy {
  std::array<Dim, kMaxRank> dims{};
  int rank = 0;
  std::size_t unit = 0;
  bool wide = false;

  Dim& operator[](int d) { return dims[static_cast<std::size_t>(d)]; }
  const Dim& operator[](int d) const { return dims[static_cast<std::size_t>(d)]; }
};

// Takes several elements for one where the innermost dimension lies densely in the input.
void widen(DenseCopy& copy, const void* from, const void* to) {
  const int last = copy.rank - 1;
  if (copy[last].from != 1) return;
  const auto bytes = static_cast<std::int64_t>(copy.unit);
  copy.unit = largest_unit({address(from), address(to), copy[last].size * bytes});
  for (int d = 0; d < last; ++d) {
    copy.unit = largest_unit({static_cast<std::int64_t>(copy.unit), copy[d].from * bytes});
  }
  const std::int64_t factor = static_cast<std::int64_t>(copy.unit) / bytes;
  copy[last].size /= factor;
  for (int d = 0; d < last; ++d) copy[d].from /= factor;
  if (copy[last].size == 1 && last > 0) --copy.rank;
}

void launch_strided(Device device, const DenseCopy& copy, const void* from, void* to) {
  StridedPlan plan{.n = 1, .rank = copy.rank, .wide = copy.wide};
  for (int d = 0; d < copy.rank; ++d) {
    plan.n *= copy[d].size;
    plan.dims[d] = copy[d].size;
    plan.strides[d] = copy[d].from;
    if (!copy.wide) plan.fast_dims[d] = FastDivisor(copy[d].size);
  }
  visit_units(copy.unit, [&]<class Unit>() {
    launch<strided_kernel<Unit>>(device, loop_shape(device, plan.n, 1),
                                 static_cast<const Unit*>(from), static_cast<Unit*>(to), plan);
  });
}

// How to go tile by tile: columns along the dimension that lies densely in the input, rows along
// the last one, the others around them. No tiles: where there is no such dimension, or tiles would
// be too small to be worth it.
TilePlan tile_plan(const DenseCopy& copy) {
  const int last = copy.rank - 1;
  int dense = last - 1;
  while (dense >= 0 && copy[dense].from != 1) --dense;
  if (dense < 0 || copy[last].from == 0 || copy[last].from == 1) return {};
  TilePlan plan{
      .columns = copy[dense].size, .rows = copy[last].size, .from_stride = copy[last].from};
  std::int64_t width = 0;
  std::int64_t height = 0;
  choose_sides(plan.columns, plan.rows, &width, &height);
  if (width * height < kLoopBlock) return {};
  plan.width = FastDivisor(width);
  plan.height = FastDivisor(height);
  const std::int64_t across = (plan.columns + width - 1) / width;
  const std::int64_t down = (plan.rows + height - 1) / height;
  std::int64_t tiles = across * down;
  std::int64_t to_stride = 1;
  for (int d = last; d >= 0; to_stride *= copy[d].size, --d) {
    if (d == dense) plan.to_stride = to_stride;
    if (d == dense || d == last) continue;
    tiles *= copy[d].size;
    plan.sizes[plan.rank] = copy[d].size;
    plan.from[plan.rank] = copy[d].from;
    plan.to[plan.rank++] = to_stride;
  }
  if (tiles >= std::int64_t{1} << 31) return {};
  for (int d = 0; d < plan.rank; ++d) plan.dims[d] = FastDivisor(plan.sizes[d]);
  plan.tiles_across = FastDivisor(across);
  plan.tiles_down = FastDivisor(down);
  plan.tiles = static_cast<std::uint32_t>(tiles);
  return plan;
}

}  // namespace

void StridedCopy::run_gpu(Device device, const void* from, void* to,
                          std::size_t element_bytes) const {
  DenseCopy copy{.rank = rank_, .unit = element_bytes};
  std::int64_t n = 1;
  std::int64_t reach = 1;
  for (int i = rank_ - 1; i >= 0; --i) {
    const auto d = static_cast<std::size_t>(i);
    if (dims_[d].to != n) throw InternalError("StridedCopy: a GPU writes dense arrays only");
    copy.dims[d] = {dims_[d].size, dims_[d].from};
    n *= dims_[d].size;
    reach += (dims_[d].size - 1) * std::abs(dims_[d].from);
  }
  if (rank_ == 0 || (rank_ == 1 && dims_[0].from == 1)) {
    device::context(device).copy(to, from, device, static_cast<std::size_t>(n) * element_bytes);
    return;
  }
  copy.wide = std::max(n, reach) >= wide_index_limit();
  widen(copy, from, to);
  const TilePlan plan = tile_plan(copy);
  if (plan.tiles == 0) {
    launch_strided(device, copy, from, to);
    return;
  }
  visit_units(copy.unit, [&]<class Unit>() {
    launch<transpose_kernel<Unit>>(
        device, {.grid = device::cuda::blocks_for(device, plan.tiles, 1), .block = kLoopBlock},
        static_cast<const Unit*>(from), static_cast<Unit*>(to), plan);
  });
}

}  // namespace keen::detail
