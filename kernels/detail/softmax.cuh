// Softmax and cross entropies on a GPU, in one launch.
//
// Rows whose elements are neighbours are read once, into a block's memory (8192 floats): there a
// row belongs to a group of threads (as many as a short row has elements, a warp, or the block),
// and whole blocks of memory are read and written, wherever rows begin. Longer rows, and those
// along other axes, are read in each of three passes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/detail/axis_rows.h"
#include "kernels/detail/fast_divide.h"
#include "kernels/detail/simd_math.h"
#include "runtime/device/cuda/vectors.cuh"
#include "runtime/op/op.h"

namespace keen::detail {

struct SoftmaxPlan {
  static constexpr int kBlock = 256;
  static constexpr int kWarp = 32;
  static constexpr std::int64_t kMemory = 32 * 1024;

  // `size` is that of an element.
  SoftmaxPlan(const AxisRows& axis, std::int64_t size)
      : rows(axis.rows()), length(axis.length), inner(axis.inner) {
    constexpr std::int64_t kManyRows = 8192;
    if (inner > 1 && (length <= kWarp || rows >= kManyRows)) {
      lanes = 1;
    } else if (length <= kWarp) {
      lanes = static_cast<int>(std::max<std::int64_t>(1, length));
    } else {
      lanes = length * size * (kBlock / kWarp) <= kMemory ? kWarp : kBlock;
    }
    block_rows = lanes > kWarp ? 1 : kBlock / kWarp * (kWarp / lanes);
    staged = inner == 1 && length > 0 && block_rows * length * size <= kMemory;
    if (staged) fast_length = FastDivisor(length);
  }
  [[nodiscard]] std::size_t shared_bytes(std::size_t size) const {
    return staged ? static_cast<std::size_t>(block_rows * length) * size : 0;
  }

  std::int64_t rows;
  std::int64_t length;
  std::int64_t inner;  // from an element of a row to the next
  FastDivisor fast_length;
  int lanes;       // threads of a row
  int block_rows;  // rows of a block at a time
  bool staged;     // in the block's memory
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
  T* from;
  std::int64_t step;  // from one of them to the next
  std::int64_t count;

  __device__ RowElements(T* row, const RowGroup& group, const SoftmaxPlan& plan, bool busy)
      : from(row + group.lane() * plan.inner), step(plan.lanes * plan.inner) {
    const std::int64_t left = busy ? plan.length - group.lane() : 0;
    count = left > 0 ? (left + plan.lanes - 1) / plan.lanes : 0;
  }
  __device__ T& operator[](std::int64_t i) const { return from[i * step]; }
};

template <class T>
__device__ inline T sum_of(const RowGroup& group, T value) {
  return group.combine(value, [](T a, T b) { return a + b; });
}

// nan counts for nothing: sums find it.
template <class T, class Element>
__device__ inline T row_max(const RowGroup& group, const RowElements<Element>& row) {
  const auto larger = [](T a, T b) { return b > a ? b : a; };
  T max = -std::numeric_limits<T>::infinity();
#pragma unroll 4
  for (std::int64_t i = 0; i < row.count; ++i) max = larger(max, row[i]);
  return group.combine(max, larger);
}

// What is known of a row when its elements are written.
template <class T>
struct RowNumbers {
  T share;    // 1 / sum(exp(x - max))
  T log_sum;  // the logarithm of that sum
};

// The result for an element of which `value` is x - max and e its exponential.
template <SoftmaxKind kKind, class T>
__device__ inline T softmax_result(const RowNumbers<T>& numbers, T value, T e, T target) {
  if (kKind == SoftmaxKind::kLogSoftmax) return value - numbers.log_sum;
  if (kKind == SoftmaxKind::kSoftmax) return e * numbers.share;
  return e * numbers.share - target;
}

// The label of a row; -1 if it is out of range, which makes the row nan.
template <class T, class Target>
__device__ inline std::int64_t label_of(const SoftmaxArrays<T, Target>& arrays,
                                        const SoftmaxPlan& plan, std::int64_t row) {
  const auto label = static_cast<std::int64_t>(arrays.targets[row]);
  return label >= 0 && label < plan.length ? label : -1;
}

// ---- Rows in the block's memory ----

// Leaves exp(x - max) in the tile for softmax, else x - max, and the numbers of each row.
template <SoftmaxKind kKind, class T>
__device__ inline void prepare_tile(const RowGroup& group, const SoftmaxPlan& plan, T* tile,
                                    bool busy, RowNumbers<T>* numbers) {
  const RowElements<T> row(tile + (busy ? group.row() * plan.length : 0), group, plan, busy);
  const T max = row_max<T>(group, row);
  T sum = 0;
#pragma unroll 1
  for (std::int64_t i = 0; i < row.count; ++i) {
    const T value = row[i] - max;
    const T e = math::exp(value);
    row[i] = kKind == SoftmaxKind::kSoftmax ? e : value;
    sum += e;
  }
  sum = sum_of(group, sum);
  if (!busy || group.lane() != 0) return;
  numbers[group.row()] = {T{1} / sum, kKind == SoftmaxKind::kSoftmax ? T{0} : math::log(sum)};
}

// Rows from `base` on.
template <SoftmaxKind kKind, class T, class Target>
__device__ inline void staged_rows(const RowGroup& group, const SoftmaxArrays<T, Target>& arrays,
                                   const SoftmaxPlan& plan, T* tile, std::int64_t base) {
  constexpr bool kHasLoss =
      kKind == SoftmaxKind::kCrossEntropy || kKind == SoftmaxKind::kSparseCrossEntropy;
  __shared__ RowNumbers<T> numbers[SoftmaxPlan::kBlock];
  __shared__ T losses[SoftmaxPlan::kBlock];
  __shared__ int labels[SoftmaxPlan::kBlock];
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t left = plan.rows - base;
  const int rows = left < plan.block_rows ? static_cast<int>(left) : plan.block_rows;
  const int count = rows * static_cast<int>(plan.length);
  const std::int64_t first = base * plan.length;
#pragma unroll 4
  for (int i = thread; i < count; i += SoftmaxPlan::kBlock) tile[i] = arrays.x[first + i];
  if constexpr (kKind == SoftmaxKind::kSparseCrossEntropy) {
    if (thread < rows) labels[thread] = static_cast<int>(label_of(arrays, plan, base + thread));
  }
  __syncthreads();
  const bool busy = group.row() >= 0 && group.row() < rows;
  prepare_tile<kKind>(group, plan, tile, busy, numbers);
  __syncthreads();
#pragma unroll 1
  for (int i = thread; i < count; i += SoftmaxPlan::kBlock) {
    const auto row = static_cast<int>(plan.fast_length.divide(static_cast<std::uint32_t>(i)));
    const RowNumbers<T> mine = numbers[row];
    const T value = tile[i];
    const T e = kKind == SoftmaxKind::kSoftmax ? value : math::exp(value);
    T target = 0;
    if constexpr (kKind == SoftmaxKind::kCrossEntropy) {
      target = arrays.targets[first + i];
      tile[i] = target * (mine.log_sum - value);
    }
    if constexpr (kKind == SoftmaxKind::kSparseCrossEntropy) {
      const int label = labels[row];
      const int column = i - row * static_cast<int>(plan.length);
      target = label < 0 ? std::numeric_limits<T>::quiet_NaN() : label == column ? T{1} : T{0};
      if (label == column) losses[row] = mine.log_sum - value;
      if (label < 0 && column == 0) losses[row] = target;
    }
    arrays.out[first + i] = softmax_result<kKind>(mine, value, e, target);
  }
  if constexpr (kKind == SoftmaxKind::kCrossEntropy) {
    __syncthreads();
    const RowElements<T> row(tile + (busy ? group.row() * plan.length : 0), group, plan, busy);
    T total = 0;
    for (std::int64_t i = 0; i < row.count; ++i) total += row[i];
    total = sum_of(group, total);
    if (busy && group.lane() == 0) losses[group.row()] = total;
  }
  __syncthreads();
  if constexpr (kHasLoss) {
    if (thread < rows) arrays.loss[base + thread] = losses[thread];
    __syncthreads();
  }
}

// ---- Rows in global memory ----

template <SoftmaxKind kKind, class T, class Target>
__device__ inline void far_rows(const RowGroup& group, const SoftmaxArrays<T, Target>& arrays,
                                const SoftmaxPlan& plan, std::int64_t base) {
  const bool busy = group.row() >= 0 && base + group.row() < plan.rows;
  const std::int64_t number = busy ? base + group.row() : 0;
  const std::int64_t outer = plan.inner > 1 ? number / plan.inner : number;
  const std::int64_t first = outer * plan.length * plan.inner + number - outer * plan.inner;
  const RowElements<const T> row(arrays.x + first, group, plan, busy);
  const T max = row_max<T>(group, row);
  T sum = 0;
#pragma unroll 1
  for (std::int64_t i = 0; i < row.count; ++i) sum += math::exp(row[i] - max);
  sum = sum_of(group, sum);
  const RowNumbers<T> numbers{T{1} / sum, math::log(sum)};
  std::int64_t label = 0;
  if constexpr (kKind == SoftmaxKind::kSparseCrossEntropy) {
    if (busy) label = label_of(arrays, plan, number);
  }
  T total = 0;
#pragma unroll 1
  for (std::int64_t i = 0; i < row.count; ++i) {
    const std::int64_t at = first + (group.lane() + i * plan.lanes) * plan.inner;
    const T value = row[i] - max;
    T target = 0;
    if constexpr (kKind == SoftmaxKind::kCrossEntropy) {
      target = arrays.targets[at];
      total += target * (numbers.log_sum - value);
    }
    if constexpr (kKind == SoftmaxKind::kSparseCrossEntropy) {
      const bool hit = label == group.lane() + i * plan.lanes;
      target = label < 0 ? std::numeric_limits<T>::quiet_NaN() : hit ? T{1} : T{0};
      if (hit) total = numbers.log_sum - value;
      if (label < 0) total = target;
    }
    arrays.out[at] = softmax_result<kKind>(numbers, value, math::exp(value), target);
  }
  if constexpr (kKind == SoftmaxKind::kCrossEntropy || kKind == SoftmaxKind::kSparseCrossEntropy) {
    total = sum_of(group, total);  // of one number and zeros, where there is one class
    if (busy && group.lane() == 0) arrays.loss[number] = total;
  }
}

template <SoftmaxKind kKind, class T, class Target>
__global__ void __launch_bounds__(SoftmaxPlan::kBlock)
    softmax_kernel(const SoftmaxArrays<T, Target> arrays,
                   const __grid_constant__ SoftmaxPlan plan) {
  extern __shared__ __align__(16) unsigned char memory[];
  const RowGroup group(plan);
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * plan.block_rows;
  for (std::int64_t base = static_cast<std::int64_t>(blockIdx.x) * plan.block_rows;
       base < plan.rows; base += stride) {
    if (plan.staged) {
      staged_rows<kKind>(group, arrays, plan, reinterpret_cast<T*>(memory), base);
    } else {
      far_rows<kKind>(group, arrays, plan, base);
    }
  }
}

template <SoftmaxKind kKind, class T, class Target>
void softmax_gpu_of(op::KernelContext& context, const AxisRows& axis,
                    const SoftmaxArrays<T, Target>& arrays) {
  const SoftmaxPlan plan(axis, sizeof(T));
  const device::cuda::LaunchShape shape{
      .grid = device::cuda::blocks_for(context.device(), plan.rows, plan.block_rows),
      .block = SoftmaxPlan::kBlock,
      .shared_bytes = plan.shared_bytes(sizeof(T))};
  device::cuda::launch<softmax_kernel<kKind, T, Target>>(context.device(), shape, arrays, plan);
}

}  // namespace keen::detail
