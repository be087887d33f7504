#include "kernels/argmax.h"
#include "kernels/detail/axis_rows.h"
#include "kernels/detail/elementwise.cuh"

namespace keen {
namespace {

using detail::Compute;
using detail::Numbers;

constexpr int kBlock = 128;

// A number and where it is. Of two, that which is not nan, then the better, then the first.
template <class T>
struct Candidate {
  T value;
  std::int64_t index;
};

template <class T>
__device__ inline bool beats(const Candidate<T>& a, const Candidate<T>& b, bool largest) {
  const bool a_nan = a.value != a.value;
  const bool b_nan = b.value != b.value;
  if (a_nan != b_nan) return b_nan;
  if (!a_nan && a.value != b.value) return largest ? a.value > b.value : a.value < b.value;
  return a.index < b.index;
}

struct SearchPlan {
  std::int64_t outputs;
  std::int64_t size;  // of the axis
  std::int64_t inner;
  bool largest;
  bool wide;  // the output is int64
};

__device__ inline void put(void* out, std::int64_t at, std::int64_t index, bool wide) {
  if (wide) {
    static_cast<std::int64_t*>(out)[at] = index;
  } else {
    static_cast<std::int32_t*>(out)[at] = static_cast<std::int32_t>(index);
  }
}

// Every `step`-th element of a line from `first` on.
template <class T>
__device__ inline Candidate<Compute<T>> best_of(const T* line, const SearchPlan& plan,
                                                std::int64_t first, std::int64_t step) {
  Candidate<Compute<T>> best{static_cast<Compute<T>>(line[first * plan.inner]), first};
#pragma unroll 2
  for (std::int64_t i = first + step; i < plan.size; i += step) {
    const Candidate<Compute<T>> next{static_cast<Compute<T>>(line[i * plan.inner]), i};
    if (beats(next, best, plan.largest)) best = next;
  }
  return best;
}

// Along the innermost axis a block has a line, else a thread: neighbours read neighbours either
// way.
template <class T>
__global__ void __launch_bounds__(kBlock)
    search_kernel(const T* x, void* out, const __grid_constant__ SearchPlan plan) {
  __shared__ Compute<T> values[kBlock];
  __shared__ std::int64_t indices[kBlock];
  if (plan.inner != 1) {
    for (std::int64_t o = detail::global_thread(); o < plan.outputs;
         o += detail::global_threads()) {
      const T* line = x + (o / plan.inner) * plan.size * plan.inner + o % plan.inner;
      put(out, o, best_of(line, plan, 0, 1).index, plan.wide);
    }
    return;
  }
  const int thread = static_cast<int>(threadIdx.x);
  for (std::int64_t o = blockIdx.x; o < plan.outputs; o += gridDim.x) {
    const int held = plan.size < kBlock ? static_cast<int>(plan.size) : kBlock;
    Candidate<Compute<T>> best{};
    if (thread < held) best = best_of(x + o * plan.size, plan, thread, kBlock);
    values[thread] = best.value;
    indices[thread] = best.index;
    for (int half = kBlock / 2; half > 0; half /= 2) {
      __syncthreads();
      if (thread >= half || thread + half >= held) continue;
      const Candidate<Compute<T>> other{values[thread + half], indices[thread + half]};
      if (!beats(other, best, plan.largest)) continue;
      best = other;
      values[thread] = best.value;
      indices[thread] = best.index;
    }
    if (thread == 0) put(out, o, best.index, plan.wide);
    __syncthreads();
  }
}

void search(op::KernelContext& context, bool largest) {
  const detail::AxisRows rows = detail::axis_rows(context, context.attrs<ArgMaxArgs>().axis);
  const SearchPlan plan{rows.rows(), rows.length, rows.inner, largest,
                        context.output(0).dtype == DType::kInt64};
  const std::int64_t per_block = plan.inner == 1 ? 1 : kBlock;
  Numbers::visit(context.dtype(0), [&]<class T>() {
    device::cuda::launch<search_kernel<T>>(
        context.device(),
        {.grid = device::cuda::blocks_for(context.device(), plan.outputs, per_block),
         .block = kBlock},
        context.in<T>(0), context.out<void>(0), plan);
  });
}

}  // namespace

void argmax_gpu(op::KernelContext& context) { search(context, true); }

void argmin_gpu(op::KernelContext& context) { search(context, false); }

}  // namespace keen
