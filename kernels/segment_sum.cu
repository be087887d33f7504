// UnsortedSegmentSum: rows are brought into the order of their segments, then summed in that order,
// so that the sums are the same on every device.
#include <cstdint>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/fast_divide.h"
#include "kernels/detail/functors.h"
#include "kernels/detail/gather.h"
#include "kernels/detail/indices.cuh"
#include "kernels/detail/segment_order.h"
#include "kernels/detail/units.cuh"
#include "kernels/detail/wide_index.h"
#include "runtime/op/op.h"

namespace keen {
namespace {

using detail::FastDivisor;
using detail::global_thread;
using detail::global_threads;
using detail::Indices;
using detail::kLoopBlock;

// Rows that a thread sums before others go on: segments may be long.
constexpr std::int64_t kChunk = 64;

// Sums of T: `heads` has those of a chunk's first rows if their segment began before it, `tails`
// those of its last rows if their segment begins in it and goes on.
template <class T>
struct SegmentPlan {
  using Sum = detail::Compute<T>;
  Indices segments = {};  // of the ordered rows
  Indices rows = {};
  std::int64_t n = 0;
  std::int64_t count = 0;  // of segments
  std::int64_t line = 0;   // elements of a row
  bool wide = false;
  FastDivisor fast_line = {};
  Sum* heads = nullptr;
  Sum* tails = nullptr;

  __device__ std::int64_t divide(std::int64_t i) const {
    return wide ? i / line : std::int64_t{fast_line.divide(static_cast<std::uint32_t>(i))};
  }
};

template <class T>
__device__ inline detail::Compute<T> sum_of(detail::Compute<T> x, detail::Compute<T> y) {
  return functor::Add()(x, y);
}

// A thread is a column of a chunk. Writes the segments that lie within the chunk.
template <class T>
__global__ void __launch_bounds__(kLoopBlock)
    segment_parts_kernel(const T* from, T* out, const __grid_constant__ SegmentPlan<T> plan) {
  using Sum = detail::Compute<T>;
  const std::int64_t all = (plan.n + kChunk - 1) / kChunk * plan.line;
  for (std::int64_t i = global_thread(); i < all; i += global_threads()) {
    const std::int64_t chunk = plan.divide(i);
    const std::int64_t column = i - chunk * plan.line;
    const std::int64_t begin = chunk * kChunk;
    const std::int64_t end = min(begin + kChunk, plan.n);
    std::int64_t segment = plan.segments[begin];
    bool began_before = begin > 0 && plan.segments[begin - 1] == segment;
    Sum sum = 0;
    for (std::int64_t at = begin; at < end && segment < plan.count; ++at) {
      sum = sum_of<T>(sum, static_cast<Sum>(from[plan.rows[at] * plan.line + column]));
      const std::int64_t next = at + 1 < plan.n ? plan.segments[at + 1] : -1;
      const bool ends = next != segment;
      if (!ends && at + 1 < end) continue;
      if (began_before) {
        plan.heads[i] = sum;
      } else if (ends) {
        out[segment * plan.line + column] = static_cast<T>(sum);
      } else {
        plan.tails[i] = sum;
      }
      segment = next;
      began_before = false;
      sum = 0;
      if (next < 0) break;
    }
  }
}

// The first of the ordered rows whose segment is at least that.
template <class T>
__device__ inline std::int64_t first_of(const SegmentPlan<T>& plan, std::int64_t segment) {
  std::int64_t low = 0;
  std::int64_t high = plan.n;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (plan.segments[middle] < segment) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// A thread is a column of a segment. Writes the segments that have no rows, or rows of several
// chunks.
template <class T>
__global__ void __launch_bounds__(kLoopBlock)
    segment_sums_kernel(T* out, const __grid_constant__ SegmentPlan<T> plan) {
  const std::int64_t all = plan.count * plan.line;
  for (std::int64_t i = global_thread(); i < all; i += global_threads()) {
    const std::int64_t segment = plan.divide(i);
    const std::int64_t column = i - segment * plan.line;
    const std::int64_t begin = first_of(plan, segment);
    const std::int64_t end = first_of(plan, segment + 1);
    if (begin == end) {
      out[i] = T();
      continue;
    }
    const std::int64_t first = begin / kChunk;
    const std::int64_t last = (end - 1) / kChunk;
    if (first == last) continue;
    auto sum = plan.tails[first * plan.line + column];
    for (std::int64_t chunk = first + 1; chunk <= last; ++chunk) {
      sum = sum_of<T>(sum, plan.heads[chunk * plan.line + column]);
    }
    out[i] = static_cast<T>(sum);
  }
}

template <class T>
void segment_sum_of(op::KernelContext& context) {
  using Sum = detail::Compute<T>;
  const Shape& output = context.output(0).shape;
  SegmentPlan<T> plan;
  plan.n = context.shape(1).num_elements();
  plan.count = output.dim(0);
  plan.line = detail::product(output, 1, output.rank());
  if (plan.count * plan.line == 0) return;
  const std::int64_t chunks = (plan.n + kChunk - 1) / kChunk;
  plan.wide = std::max(chunks, plan.count) * plan.line >= detail::wide_index_limit();
  if (!plan.wide) plan.fast_line = FastDivisor(plan.line);
  const auto order = detail::SegmentOrder::of(context, 1, plan.count);
  plan.segments = detail::indices_of(order.segments, order.type);
  plan.rows = detail::indices_of(order.rows, order.type);
  const auto partial =
      context.scratch(static_cast<std::size_t>(2 * chunks * plan.line) * sizeof(Sum));
  plan.heads = static_cast<Sum*>(partial->data());
  plan.tails = plan.heads + chunks * plan.line;
  T* out = context.out<T>(0);
  detail::launch<segment_parts_kernel<T>>(
      context.device(), detail::loop_shape(context.device(), chunks * plan.line, 1),
      context.in<T>(0), out, plan);
  detail::launch<segment_sums_kernel<T>>(
      context.device(), detail::loop_shape(context.device(), plan.count * plan.line, 1), out, plan);
}

}  // namespace

// Integers of either sign have the same sums.
void segment_sum_gpu(op::KernelContext& context) {
  const DType dtype = context.dtype(0);
  const bool floating = visit_dtype<float, double, half, bfloat16>(
      dtype, [&]<class T>() { segment_sum_of<T>(context); });
  if (floating) return;
  device::cuda::visit_bits(size_of(dtype), [&]<class Bits>() { segment_sum_of<Bits>(context); });
}

}  // namespace keen
