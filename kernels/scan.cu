#include "kernels/detail/axis_rows.h"
#include "kernels/detail/elementwise.cuh"
#include "kernels/scan.h"

namespace keen {
namespace {

using detail::Compute;
using detail::Numbers;

constexpr int kBlock = 256;

struct ScanPlan {
  std::int64_t lines;
  std::int64_t size;
  std::int64_t inner;
  bool exclusive;
  bool reverse;
};

// Results are rounded to T as they are stored.
template <class F, class T>
__device__ void scan_line(const T* x, T* out, const ScanPlan& plan, Compute<T> sum) {
  for (std::int64_t k = 0; k < plan.size; ++k) {
    const std::int64_t at = (plan.reverse ? plan.size - 1 - k : k) * plan.inner;
    const Compute<T> next = F()(sum, static_cast<Compute<T>>(x[at]));
    out[at] = static_cast<T>(plan.exclusive ? sum : next);
    sum = next;
  }
}

// A line by a block, a tile at a time: within a tile by Hillis and Steele's steps (1986), from tile
// to tile one after the other.
template <class F, class T>
__device__ void scan_tiles(const T* x, T* out, const ScanPlan& plan, Compute<T> sum,
                           Compute<T> (*tile)[kBlock]) {
  const int thread = static_cast<int>(threadIdx.x);
  for (std::int64_t begin = 0; begin < plan.size; begin += kBlock) {
    const std::int64_t left = plan.size - begin;
    const int held = left < kBlock ? static_cast<int>(left) : kBlock;
    const std::int64_t k = begin + thread;
    const std::int64_t at = plan.reverse ? plan.size - 1 - k : k;
    int now = 0;
    if (thread < held) tile[0][thread] = static_cast<Compute<T>>(x[at]);
    __syncthreads();
    for (int step = 1; step < held; step *= 2) {
      if (thread < held) {
        const Compute<T> own = tile[now][thread];
        tile[1 - now][thread] = thread < step ? own : F()(tile[now][thread - step], own);
      }
      now = 1 - now;
      __syncthreads();
    }
    if (thread < held) {
      Compute<T> before = sum;
      if (thread > 0) before = F()(sum, tile[now][thread - 1]);
      out[at] = static_cast<T>(plan.exclusive ? before : F()(sum, tile[now][thread]));
    }
    sum = F()(sum, tile[now][held - 1]);
    __syncthreads();
  }
}

// Along the innermost axis a block has a line, else a thread: neighbours read neighbours either
// way.
template <class F, class T>
__global__ void __launch_bounds__(kBlock)
    scan_kernel(const T* x, T* out, const __grid_constant__ ScanPlan plan, Compute<T> start) {
  __shared__ Compute<T> tile[2][kBlock];
  if (plan.inner == 1) {
    for (std::int64_t line = blockIdx.x; line < plan.lines; line += gridDim.x) {
      scan_tiles<F>(x + line * plan.size, out + line * plan.size, plan, start, tile);
    }
    return;
  }
  for (std::int64_t line = detail::global_thread(); line < plan.lines;
       line += detail::global_threads()) {
    const std::int64_t at = line / plan.inner * plan.size * plan.inner + line % plan.inner;
    scan_line<F>(x + at, out + at, plan, start);
  }
}

template <class F>
void scan(op::KernelContext& context, int start) {
  if (context.shape(0).num_elements() == 0) return;
  const auto& args = context.attrs<ScanArgs>();
  const detail::AxisRows rows = detail::axis_rows(context, args.axis);
  const ScanPlan plan{rows.rows(), rows.length, rows.inner, args.exclusive, args.reverse};
  const std::int64_t per_block = plan.inner == 1 ? 1 : kBlock;
  Numbers::visit(context.dtype(0), [&]<class T>() {
    device::cuda::launch<scan_kernel<F, T>>(
        context.device(),
        {.grid = device::cuda::blocks_for(context.device(), plan.lines, per_block),
         .block = kBlock},
        context.in<T>(0), context.out<T>(0), plan, start);
  });
}

}  // namespace

void cumsum_gpu(op::KernelContext& context) { scan<functor::Add>(context, 0); }

void cumprod_gpu(op::KernelContext& context) { scan<functor::Mul>(context, 1); }

}  // namespace keen
