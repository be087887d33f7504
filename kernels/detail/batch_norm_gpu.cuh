// What the kernels of batch normalization share: how [rows, channels] are cut, and the merging of
// statistics in a fixed order.
//
// A block has a tile of columns: a thread keeps its columns (a vector of them, or one), and the
// block's lanes take rows in turn. Columns are channels, or, where channels are no whole vectors,
// those of a few rows that are taken as one (`fold`). Rows are cut into parts by their number
// alone, and each part's statistics are merged by every block that needs them, so no block waits
// for another.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/batch_norm.h"
#include "kernels/detail/channel_rows.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cuda/vectors.cuh"
#include "runtime/op/op.h"

namespace keen::detail {

struct BatchNormPlan {
  static constexpr int kBlock = 256;
  static constexpr int kMostParts = 64;
  // Columns of a tile at most.
  static constexpr int kTileColumns = 32;

  // `vector`: columns of a thread. The rows must be a multiple of fold_of().
  BatchNormPlan(std::int64_t all_rows, std::int64_t all_channels, int vector)
      : fold(fold_of(all_channels, vector)),
        rows(all_rows / fold),
        channels(all_channels),
        columns(all_channels * fold),
        units(columns / vector) {
    const auto ceil_div = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
    // 32 bytes, the least that memory hands out, lie side by side, and mostly 128.
    const int sector = vector > 1 ? 2 : 8;
    if (units <= 4 * sector) {
      width = static_cast<int>(units);
    } else {
      const std::int64_t tiles = ceil_div(units, 4 * sector);
      width = static_cast<int>(ceil_div(ceil_div(units, tiles), sector) * sector);
    }
    lanes = kBlock / width;
    if (width % 2 != 0 && lanes > 1) lanes -= lanes % 2;  // each turn begins with a sector
    const std::int64_t most = std::clamp<std::int64_t>(256 / tiles(), 8, kMostParts);
    parts = static_cast<int>(std::clamp<std::int64_t>(rows / (lanes * 16), 1, most));
  }
  // Rows that make whole vectors.
  [[nodiscard]] static int fold_of(std::int64_t channels, int vector) {
    int fold = 1;
    while (channels * fold % vector != 0) fold *= 2;
    return fold;
  }
  [[nodiscard]] std::int64_t tiles() const { return (units + width - 1) / width; }
  // The first row of a part.
  [[nodiscard]] KEEN_HOST_DEVICE std::int64_t begin(std::int64_t part) const {
    return part == parts ? rows : rows * part / parts / 2 * 2;
  }
  // Rows of the array in a part, for each column.
  [[nodiscard]] KEEN_HOST_DEVICE std::int64_t part_rows(std::int64_t part) const {
    return begin(part + 1) - begin(part);
  }

  int fold;
  std::int64_t rows;
  std::int64_t channels;
  std::int64_t columns;
  std::int64_t units;  // vectors of columns
  int width = 1;       // units of a tile
  int lanes = 1;       // threads that share a unit's rows
  int parts = 1;       // of the rows
};

// x as [rows, channels]; UnimplementedError for volumes with their channels second.
[[nodiscard]] inline ChannelRows batch_norm_rows(const op::KernelContext& context, const Shape& x) {
  const bool last = context.attrs<FusedBatchNormArgs>().data_format == DataFormat::kNHWC;
  if (!last && x.rank() != 4) {
    throw UnimplementedError(text(context.op_name(), ": there is no kernel for NCHW of rank ",
                                  x.rank(), ", got ", brackets(x)));
  }
  const int axis = last ? x.rank() - 1 : 1;
  ChannelRows size{1, x.dim(axis)};
  for (int i = 0; i < x.rank(); ++i) size.rows *= i == axis ? 1 : x.dim(i);
  return size;
}

// Blocks that share a tile's rows where they are independent. Each merges all parts, if `merged`,
// so it gets rows enough for that to cost little.
[[nodiscard]] inline std::int64_t row_blocks(Device device, const BatchNormPlan& plan,
                                             bool merged) {
  const std::int64_t tiles = plan.tiles();
  const std::int64_t rows = merged ? std::max(plan.lanes * 4, plan.parts * 16) : plan.lanes * 4;
  const std::int64_t blocks = device::cuda::blocks_for(device, plan.rows * tiles, rows);
  return std::max<std::int64_t>(1, blocks / tiles);
}

// Where a thread of a tile works.
struct BatchNormPlace {
  __device__ explicit BatchNormPlace(const BatchNormPlan& plan)
      : lane(static_cast<int>(threadIdx.x) / plan.width),
        local(static_cast<int>(threadIdx.x) % plan.width),
        unit(static_cast<std::int64_t>(blockIdx.x) * plan.width + local),
        busy(lane < plan.lanes && unit < plan.units) {}
  int lane;
  int local;
  std::int64_t unit;
  bool busy;
};

// Number of rows, their mean, and the sum of squares around it (Chan, Golub, LeVeque 1979).
struct Moments {
  static constexpr int kNumbers = 3;
  double numbers[kNumbers] = {0, 0, 0};

  __device__ void merge(const Moments& other) {
    const double more = other.numbers[0];
    if (more == 0) return;
    merge(more, more / (numbers[0] + more), other.numbers[1], other.numbers[2]);
  }
  // `share` of all rows are the `more` that come.
  __device__ void merge(double more, double share, double mean, double squares) {
    const double difference = mean - numbers[1];
    numbers[1] += difference * share;
    numbers[2] += squares + difference * difference * (numbers[0] * share);
    numbers[0] += more;
  }
};

// Sums of dy and dy * (x - mean).
struct GradientSums {
  static constexpr int kNumbers = 2;
  double numbers[kNumbers] = {0, 0};

  __device__ void merge(const GradientSums& other) {
    numbers[0] += other.numbers[0];
    numbers[1] += other.numbers[1];
  }
};

// Merges what `lanes` threads, `step` apart, have; lane 0 gets the result. All threads of the block
// call it.
template <class M>
__device__ inline M merge_lanes(M mine, int lane, int lanes, int step) {
  __shared__ double shared[M::kNumbers][BatchNormPlan::kBlock];
  const int thread = static_cast<int>(threadIdx.x);
  const auto keep = [&] {
    for (int i = 0; i < M::kNumbers; ++i) shared[i][thread] = mine.numbers[i];
  };
  int half = 1;
  while (2 * half < lanes) half *= 2;
  __syncthreads();
  keep();
  for (; half > 0; half /= 2) {
    __syncthreads();
    if (lane >= half || lane + half >= lanes) continue;
    M other;
    for (int i = 0; i < M::kNumbers; ++i) other.numbers[i] = shared[i][thread + half * step];
    mine.merge(other);
    keep();
  }
  return mine;
}

// Two numbers of each column of each part, [parts, columns].
template <class T>
using PartNumbers = device::cuda::Vector<T, 2>;

// The channels of a tile of `columns` columns, one for each of the block's first threads.
struct TileChannels {
  __device__ TileChannels(const BatchNormPlan& plan, int columns)
      : count(columns < plan.channels ? columns : static_cast<int>(plan.channels)) {
    const std::int64_t column =
        static_cast<std::int64_t>(blockIdx.x) * columns + static_cast<int>(threadIdx.x) % count;
    there = column < plan.columns;
    channel = column % plan.channels;
    mine = there && static_cast<int>(threadIdx.x) < count;
    // Each channel's results are written by one thread.
    writes = mine && column < plan.channels && blockIdx.y == 0;
  }
  int count;
  bool there;
  bool mine;
  bool writes;
  std::int64_t channel;
};

// Merges the parts of the tile's channels: those of thread i's channel come to thread i.
// `load(numbers, part)` makes an M of a part's numbers.
template <class M, class T, class Load>
__device__ inline M merge_parts(const PartNumbers<T>* parts, const BatchNormPlan& plan,
                                const TileChannels& tile, const Load& load) {
  const int group = static_cast<int>(threadIdx.x) / tile.count;
  const int groups = BatchNormPlan::kBlock / tile.count;
  M mine;
  if (group < groups && tile.there) {
    for (int i = group; i < plan.parts * plan.fold; i += groups) {
      const int part = i / plan.fold;
      const std::int64_t column = tile.channel + i % plan.fold * plan.channels;
      mine.merge(load(parts[part * plan.columns + column], part));
    }
  }
  return merge_lanes(mine, group, groups, tile.count);
}

template <class T>
__device__ inline T inverse_deviation(T variance, T epsilon) {
  return T{1} / sqrt(variance + epsilon);
}

}  // namespace keen::detail
