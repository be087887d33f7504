// Softmax and cross entropies on a GPU: one launch, in which each element is read once while a row
// fits the block's memory (8192 floats), and once more for each of three passes beyond that.
//
// A row belongs to a group of threads: neighbouring ones where its elements are neighbours (all of
// a short row, a warp, or a block), one thread where those of the next row are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/detail/axis_rows.h"
#include "kernels/detail/simd_math.h"
#include "runtime/device/cuda/vectors.cuh"
#include "runtime/op/op.h"

namespace keen::detail {

struct SoftmaxPlan {
  static constexpr int kBlock = 256;
  static constexpr std::int64_t kMemory = 32 * 1024;
  static constexpr int kWarp = 32;

  // `size` is that of an element.
  SoftmaxPlan(const AxisRows& axis, std::int64_t size)
      : rows(axis.rows()), length(axis.length), inner(axis.inner) {
    constexpr std::int64_t kManyRows = 8192;
    const std::int64_t slots = kMemory / (size * kBlock);
    if (inner > 1 && (length <= kWarp || rows >= kManyRows)) {
      lanes = 1;
    } else if (length <= kWarp) {
      lanes = static_cast<int>(std::max<std::int64_t>(1, length));
    } else {
      lanes = length <= kWarp * slots ? kWarp : kBlock;
    }
    steps = (length + lanes - 1) / lanes;
    kept = steps <= slots;
    row_groups = lanes > kWarp ? 1 : kBlock / kWarp * (kWarp / lanes);
  }
  [[nodiscard]] std::size_t shared_bytes(std::size_t size) const {
    return kept ? static_cast<std::size_t>(steps * kBlock) * size : 0;
  }

  std::int64_t rows;
  std::int64_t length;
  std::int64_t inner;  // from an element of a row to the next
  std::int64_t steps;  // elements of a row for each of its threads
  int lanes;           // threads of a row
  int row_groups;      // rows of a block at a time
  bool kept;           // whether a block's memory holds its rows
};

enum class SoftmaxKind { kSoftmax, kLogSoftmax, kCrossEntropy, kSparseCrossEntropy };

// `targets` are labels, or classes; null for softmax itself, as is `loss`.
template <class T, class Target>
struct SoftmaxArrays {
  const T* x;
  const Target* targets;
  T* loss;
  T* out;
};

// The threads of one row: whose numbers are combined in a fixed order, and handed to all of them.
class RowGroup {
 public:
  __device__ explicit RowGroup(const SoftmaxPlan& plan)
      : lanes_(plan.lanes),
        warp_lanes_(plan.lanes < SoftmaxPlan::kWarp ? plan.lanes : SoftmaxPlan::kWarp) {
    const int in_warp = static_cast<int>(threadIdx.x) % SoftmaxPlan::kWarp;
    place_ = in_warp % warp_lanes_;
    first_ = in_warp - place_;
    whole_ = first_ + warp_lanes_ <= SoftmaxPlan::kWarp;
  }
  // The thread's place in its row.
  [[nodiscard]] __device__ int lane() const {
    return lanes_ > SoftmaxPlan::kWarp ? static_cast<int>(threadIdx.x) : place_;
  }
  // The row among those of the block; -1 for threads left over.
  [[nodiscard]] __device__ int row() const {
    if (lanes_ > SoftmaxPlan::kWarp) return 0;
    const int warp = static_cast<int>(threadIdx.x) / SoftmaxPlan::kWarp;
    return whole_ ? warp * (SoftmaxPlan::kWarp / warp_lanes_) + first_ / warp_lanes_ : -1;
  }

  template <class T, class F>
  __device__ T combine(T value, const F& f) const {
    int half = SoftmaxPlan::kWarp / 2;
    while (half >= warp_lanes_) half /= 2;
    for (; half > 0; half /= 2) {
      const T other = __shfl_down_sync(0xFFFFFFFFU, value, half);
      if (place_ < half && place_ + half < warp_lanes_) value = f(value, other);
    }
    value = __shfl_sync(0xFFFFFFFFU, value, first_);
    if (lanes_ <= SoftmaxPlan::kWarp) return value;
    constexpr int kWarps = SoftmaxPlan::kBlock / SoftmaxPlan::kWarp;
    __shared__ T warps[kWarps];
    __syncthreads();
    if (place_ == 0) warps[threadIdx.x / SoftmaxPlan::kWarp] = value;
    __syncthreads();
    value = warps[0];
    for (int i = 1; i < kWarps; ++i) value = f(value, warps[i]);
    return value;
  }

 private:
  int lanes_;
  int warp_lanes_;  // of the row's threads in this warp
  int place_;
  int first_;
  bool whole_;
};

// A thread's elements of a row.
template <class T>
struct RowElements {
  const T* from;
  T* slots;
  std::int64_t step;  // from one of the thread's elements to the next
  std::int64_t count;
  bool kept;

  __device__ T load(std::int64_t i) const {
    return kept ? slots[i * SoftmaxPlan::kBlock] : from[i * step];
  }
  __device__ void keep(std::int64_t i, T value) const {
    if (kept) slots[i * SoftmaxPlan::kBlock] = value;
  }
};

template <class T>
__device__ inline T sum_of(const RowGroup& group, T value) {
  return group.combine(value, [](T a, T b) { return a + b; });
}

// The largest element of the row, which comes to lie in the slots; nan counts for nothing.
template <class T>
__device__ inline T row_max(const RowGroup& group, const RowElements<T>& row) {
  const auto larger = [](T a, T b) { return b > a ? b : a; };
  T max = -std::numeric_limits<T>::infinity();
#pragma unroll 4
  for (std::int64_t i = 0; i < row.count; ++i) {
    const T value = row.from[i * row.step];
    row.keep(i, value);
    max = larger(max, value);
  }
  return group.combine(max, larger);
}

// Results of one row from its largest element and the sum of exp(x - max). Kept are exp(x - max)
// for softmax, else x - max.
template <SoftmaxKind kKind, class T, class Target>
__device__ inline void finish_row(const RowGroup& group, const SoftmaxArrays<T, Target>& arrays,
                                  const SoftmaxPlan& plan, const RowElements<T>& row,
                                  std::int64_t at, std::int64_t number, T max, T sum) {
  const T share = T{1} / sum;
  const T log_sum = kKind == SoftmaxKind::kSoftmax ? T{0} : math::log(sum);
  const bool kept = row.kept;
  std::int64_t label = -1;
  if constexpr (kKind == SoftmaxKind::kSparseCrossEntropy) {
    if (row.count > 0) label = static_cast<std::int64_t>(arrays.targets[number]);
  }
  const bool bad = kKind == SoftmaxKind::kSparseCrossEntropy && (label < 0 || label >= plan.length);
  const T nan = std::numeric_limits<T>::quiet_NaN();
  T total = 0;
#pragma unroll 1
  for (std::int64_t i = 0; i < row.count; ++i) {
    const std::int64_t to = at + i * row.step;
    const T value = kept ? row.load(i) : row.load(i) - max;
    if constexpr (kKind == SoftmaxKind::kSoftmax) {
      arrays.out[to] = (kept ? value : math::exp(value)) * share;
    } else if constexpr (kKind == SoftmaxKind::kLogSoftmax) {
      arrays.out[to] = value - log_sum;
    } else if constexpr (kKind == SoftmaxKind::kCrossEntropy) {
      const T target = arrays.targets[to];
      total += target * (log_sum - value);
      arrays.out[to] = math::exp(value) * share - target;
    } else {
      const bool hit = group.lane() + i * plan.lanes == label;
      if (hit) arrays.loss[number] = log_sum - value;
      const T y = math::exp(value) * share;
      arrays.out[to] = bad ? nan : hit ? y - T{1} : y;
    }
  }
  if constexpr (kKind == SoftmaxKind::kCrossEntropy) {
    total = sum_of(group, total);
    if (number >= 0 && group.lane() == 0) arrays.loss[number] = total;
  }
  if constexpr (kKind == SoftmaxKind::kSparseCrossEntropy) {
    if (number >= 0 && bad && group.lane() == 0) arrays.loss[number] = nan;
  }
}

template <SoftmaxKind kKind, class T, class Target>
__global__ void __launch_bounds__(SoftmaxPlan::kBlock)
    softmax_kernel(const SoftmaxArrays<T, Target> arrays,
                   const __grid_constant__ SoftmaxPlan plan) {
  extern __shared__ __align__(16) unsigned char memory[];
  const RowGroup group(plan);
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * plan.row_groups;
  for (std::int64_t base = static_cast<std::int64_t>(blockIdx.x) * plan.row_groups;
       base < plan.rows; base += stride) {
    const bool busy = group.row() >= 0 && base + group.row() < plan.rows;
    const std::int64_t number = busy ? base + group.row() : -1;
    const std::int64_t outer = busy && plan.inner > 1 ? number / plan.inner : number;
    const std::int64_t first =
        outer * plan.length * plan.inner + (number - outer * plan.inner) * (plan.inner > 1 ? 1 : 0);
    const std::int64_t at = first + group.lane() * plan.inner;
    const std::int64_t left = busy ? plan.length - group.lane() : 0;
    const RowElements<T> row{arrays.x + at, reinterpret_cast<T*>(memory) + threadIdx.x,
                             plan.lanes * plan.inner,
                             left > 0 ? (left + plan.lanes - 1) / plan.lanes : 0, plan.kept};
    const T max = row_max(group, row);
    T sum = 0;
#pragma unroll 1
    for (std::int64_t i = 0; i < row.count; ++i) {
      const T value = row.load(i) - max;
      const T e = math::exp(value);
      row.keep(i, kKind == SoftmaxKind::kSoftmax ? e : value);
      sum += e;
    }
    sum = sum_of(group, sum);
    finish_row<kKind>(group, arrays, plan, row, at, number, max, sum);
  }
}

template <SoftmaxKind kKind, class T, class Target>
void softmax_gpu_of(op::KernelContext& context, const AxisRows& axis,
                    const SoftmaxArrays<T, Target>& arrays) {
  const SoftmaxPlan plan(axis, sizeof(T));
  const device::cuda::LaunchShape shape{
      .grid = device::cuda::blocks_for(context.device(), plan.rows, plan.row_groups),
      .block = SoftmaxPlan::kBlock,
      .shared_bytes = plan.shared_bytes(sizeof(T))};
  device::cuda::launch<softmax_kernel<kKind, T, Target>>(context.device(), shape, arrays, plan);
}

}  // namespace keen::detail
