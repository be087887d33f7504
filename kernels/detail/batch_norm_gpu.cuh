// What the kernels of batch normalization share: how [rows, channels] are cut, and the merging of
// statistics in a fixed order.
//
// A block has a tile of channels: a thread keeps its channels (a vector of them, or one), and the
// block's lanes take rows in turn. Rows are cut into parts by their number alone, and each part's
// statistics are merged by every block that needs them, so no block waits for another.
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
  static constexpr int kMostParts = 128;
  // Channels of a tile at most.
  static constexpr int kTileChannels = 64;

  // `vector`: channels of a thread.
  BatchNormPlan(std::int64_t all_rows, std::int64_t all_channels, int vector)
      : rows(all_rows), channels(all_channels), units(all_channels / vector) {
    const auto ceil_div = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
    // 32 bytes, the least that memory hands out, lie side by side, and mostly 128.
    const int sector = vector > 1 ? 2 : 8;
    if (units <= 8 * sector) {
      width = static_cast<int>(units);
    } else {
      const std::int64_t tiles = ceil_div(units, 4 * sector);
      width = static_cast<int>(ceil_div(ceil_div(units, tiles), sector) * sector);
    }
    lanes = kBlock / width;
    const std::int64_t most = std::clamp<std::int64_t>(256 / tiles(), 8, kMostParts);
    parts = static_cast<int>(std::clamp<std::int64_t>(rows / (lanes * 16), 1, most));
  }
  [[nodiscard]] std::int64_t tiles() const { return (units + width - 1) / width; }
  // The first row of a part.
  [[nodiscard]] KEEN_HOST_DEVICE std::int64_t begin(std::int64_t part) const {
    return rows * part / parts;
  }

  std::int64_t rows;
  std::int64_t channels;
  std::int64_t units;  // vectors of channels
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

// Blocks that share a tile's rows where they are independent.
[[nodiscard]] inline std::int64_t row_blocks(Device device, const BatchNormPlan& plan) {
  const std::int64_t tiles = plan.tiles();
  const std::int64_t blocks =
      device::cuda::blocks_for(device, plan.rows * tiles, std::int64_t{plan.lanes} * 4);
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

// Two numbers of each channel of each part, [parts, channels].
template <class T>
using PartNumbers = device::cuda::Vector<T, 2>;

// Merges the parts of the tile's channels. Thread i gets those of channel i of the tile, where
// there is one. `load(numbers, part)` makes an M of a part's numbers.
template <class M, class T, class Load>
__device__ inline M merge_parts(const PartNumbers<T>* parts, const BatchNormPlan& plan,
                                int tile_channels, const Load& load) {
  const int thread = static_cast<int>(threadIdx.x);
  const int local = thread % tile_channels;
  const int group = thread / tile_channels;
  const int groups = BatchNormPlan::kBlock / tile_channels;
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * tile_channels + local;
  M mine;
  if (group < groups && channel < plan.channels) {
    for (int part = group; part < plan.parts; part += groups) {
      mine.merge(load(parts[part * plan.channels + channel], part));
    }
  }
  return merge_lanes(mine, group, groups, tile_channels);
}

template <class T>
__device__ inline T inverse_deviation(T variance, T epsilon) {
  return T{1} / sqrt(variance + epsilon);
}

}  // namespace keen::detail
