// GPU kernels of elementwise ops from their functors; elementwise_loops.h has the CPU's.
//
// One kernel per functor and type. Where all inputs are of the output's shape or one number, it
// reads and writes 16 bytes at a time (8 elements at most), and element by element at the end and
// where a pointer is not aligned. Else it finds each input's element from the broadcast's strides,
// with 32-bit indices while they reach.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/fast_divide.h"
#include "kernels/detail/functors.h"
#include "kernels/detail/wide_index.h"
#include "runtime/device/cuda/vectors.cuh"

namespace keen::detail {

using device::cuda::for_each_vector;
using device::cuda::global_thread;
using device::cuda::global_threads;
using device::cuda::kLoopBlock;
using device::cuda::kVectorOf;
using device::cuda::load_vector;
using device::cuda::loop_shape;
using device::cuda::store_vector;
using device::cuda::Vector;
using device::cuda::vectors_fit;

// How N inputs become one output of n elements.
template <int N>
struct ElementwisePlan {
  std::int64_t n = 0;
  int rank = 0;       // 0: each input has n elements or one, as steps say
  bool wide = false;  // indices need 64 bits
  bool aligned = false;
  int steps[N] = {};
  FastDivisor fast_dims[Shape::kMaxRank] = {};
  std::int64_t dims[Shape::kMaxRank] = {};
  std::int64_t strides[N][Shape::kMaxRank] = {};
};

template <int N>
ElementwisePlan<N> elementwise_plan(const std::array<const Shape*, N>& shapes, const Shape& out) {
  const BroadcastPlan<N> broadcast(shapes, out);
  ElementwisePlan<N> plan;
  plan.n = out.num_elements();
  plan.wide = plan.n >= wide_index_limit();
  if (broadcast.rank == 1) {
    for (int k = 0; k < N; ++k) plan.steps[k] = broadcast.inner_stride(k) != 0 ? 1 : 0;
    return plan;
  }
  plan.rank = broadcast.rank;
  for (int i = 0; i < plan.rank; ++i) {
    const auto axis = static_cast<std::size_t>(i);
    plan.dims[i] = broadcast.dims[axis];
    if (!plan.wide && plan.dims[i] > 0) plan.fast_dims[i] = FastDivisor(plan.dims[i]);
    for (std::size_t k = 0; k < N; ++k) plan.strides[k][i] = broadcast.strides[k][axis];
  }
  return plan;
}

// Offsets of the inputs for element `index` of the output.
template <int N>
__device__ inline void input_offsets(const ElementwisePlan<N>& plan, std::int64_t index,
                                     std::int64_t (&offsets)[N]) {
  for (int k = 0; k < N; ++k) offsets[k] = 0;
  if (plan.wide) {
    for (int i = plan.rank - 1; i >= 0; --i) {
      const std::int64_t rest = index / plan.dims[i];
      const std::int64_t at = index - rest * plan.dims[i];
      for (int k = 0; k < N; ++k) offsets[k] += at * plan.strides[k][i];
      index = rest;
    }
    return;
  }
  auto left = static_cast<std::uint32_t>(index);
  for (int i = plan.rank - 1; i >= 0; --i) {
    const std::uint32_t rest = plan.fast_dims[i].divide(left);
    const std::uint32_t at = left - rest * plan.fast_dims[i].divisor;
    for (int k = 0; k < N; ++k) {
      offsets[k] += at * static_cast<std::uint32_t>(plan.strides[k][i]);
    }
    left = rest;
  }
}

// A number that stands for a whole input is read once.
template <class T, int kCount>
__device__ inline Vector<T, kCount> load_or_repeat(const T* from, std::int64_t at, int step) {
  if (step != 0) return load_vector<T, kCount>(from, at);
  Vector<T, kCount> result;
  const T value = *from;
  for (int i = 0; i < kCount; ++i) result.values[i] = value;
  return result;
}

// Elements that a thread takes at a time: fewer of the short types in math functions, which spill
// where eight of them are computed side by side.
template <class F, class T>
inline constexpr int kCountOf = kIsVectorMath<F> && sizeof(T) == 2 ? 4 : kVectorOf<T>;

template <class F, class T>
__device__ inline auto apply_binary(T x, T y) {
  return F()(static_cast<Compute<T>>(x), static_cast<Compute<T>>(y));
}

template <class F, class T, class Out>
__global__ void __launch_bounds__(kLoopBlock)
    unary_kernel(const T* x, Out* out, std::int64_t n, bool aligned) {
  constexpr int kCount = kCountOf<F, T>;
  for_each_vector<kCount>(
      n, aligned,
      [&](std::int64_t i) {
        const auto in = load_vector<T, kCount>(x, i);
        Vector<Out, kCount> result;
        for (int k = 0; k < kCount; ++k) {
          result.values[k] = static_cast<Out>(F()(static_cast<Compute<T>>(in.values[k])));
        }
        store_vector(out, i, result);
      },
      [&](std::int64_t i) { out[i] = static_cast<Out>(F()(static_cast<Compute<T>>(x[i]))); });
}

template <class F, class T, class Out>
__global__ void __launch_bounds__(kLoopBlock)
    binary_kernel(const T* x, const T* y, Out* out,
                  const __grid_constant__ ElementwisePlan<2> plan) {
  if (plan.rank != 0) {
    for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
      std::int64_t from[2];
      input_offsets(plan, i, from);
      out[i] = static_cast<Out>(apply_binary<F>(x[from[0]], y[from[1]]));
    }
    return;
  }
  constexpr int kCount = kCountOf<F, T>;
  for_each_vector<kCount>(
      plan.n, plan.aligned,
      [&](std::int64_t i) {
        const auto a = load_or_repeat<T, kCount>(x, i, plan.steps[0]);
        const auto b = load_or_repeat<T, kCount>(y, i, plan.steps[1]);
        Vector<Out, kCount> result;
        for (int k = 0; k < kCount; ++k) {
          result.values[k] = static_cast<Out>(apply_binary<F>(a.values[k], b.values[k]));
        }
        store_vector(out, i, result);
      },
      [&](std::int64_t i) {
        out[i] = static_cast<Out>(apply_binary<F>(x[i * plan.steps[0]], y[i * plan.steps[1]]));
      });
}

template <class F, class T>
void unary_gpu_of(op::KernelContext& context) {
  using Out = typename UnaryResult<F, T>::type;
  const T* x = context.in<T>(0);
  Out* out = context.out<Out>(0);
  const std::int64_t n = context.output(0).shape.num_elements();
  constexpr int kCount = kCountOf<F, T>;
  const bool aligned = vectors_fit<kCount>(x, out);
  device::cuda::launch<unary_kernel<F, T, Out>>(
      context.device(), loop_shape(context.device(), n, kCount), x, out, n, aligned);
}

template <class F, class T>
void binary_gpu_of(op::KernelContext& context) {
  using Out = typename BinaryResult<F, T>::type;
  const T* x = context.in<T>(0);
  const T* y = context.in<T>(1);
  Out* out = context.out<Out>(0);
  auto plan = elementwise_plan<2>({&context.shape(0), &context.shape(1)}, context.output(0).shape);
  constexpr int kCount = kCountOf<F, T>;
  plan.aligned = vectors_fit<kCount>(out) && (plan.steps[0] == 0 || vectors_fit<kCount>(x)) &&
                 (plan.steps[1] == 0 || vectors_fit<kCount>(y));
  device::cuda::launch<binary_kernel<F, T, Out>>(
      context.device(), loop_shape(context.device(), plan.n, plan.rank == 0 ? kCount : 1), x, y,
      out, plan);
}

template <class F, class AllTypes>
void unary_gpu(op::KernelContext& context) {
  AllTypes::visit(context.dtype(0), [&]<class T>() { unary_gpu_of<F, T>(context); });
}

template <class F, class AllTypes>
void binary_gpu(op::KernelContext& context) {
  AllTypes::visit(context.dtype(0), [&]<class T>() { binary_gpu_of<F, T>(context); });
}

}  // namespace keen::detail

// Defines the GPU kernels of a row made by unary_row or binary_row.
#define KEEN_UNARY_GPU(F, AllTypes) template void unary_gpu<F, AllTypes>(op::KernelContext&)
#define KEEN_BINARY_GPU(F, AllTypes) template void binary_gpu<F, AllTypes>(op::KernelContext&)
