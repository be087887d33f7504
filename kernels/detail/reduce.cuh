// Reductions on a GPU, from a rule and a writer of its results.
//
// A rule says which elements it reads (In), in what it accumulates (Acc), and how: start, take (an
// element and its place on the reduced axis), combine. A writer stores results from place `at` on;
// its Partial does so with what is still to be combined.
#pragma once

#include <cstdint>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/reduce_plan.h"
#include "kernels/detail/reducers.h"
#include "runtime/device/cuda/vectors.cuh"

namespace keen::detail {

using device::cuda::kVectorOf;
using device::cuda::load_vector;
using device::cuda::store_vector;
using device::cuda::Vector;
using device::cuda::vectors_fit;

// Offset of place `index` of some axes.
template <class Index, class Divide>
__device__ inline std::int64_t axes_offset(const ReduceAxis* axes, int rank, Index index,
                                           const Divide& divide) {
  if (rank == 0) return 0;
  std::int64_t offset = 0;
  for (int i = rank - 1; i > 0; --i) {
    const Index rest = divide(index, axes[i]);
    offset +=
        static_cast<std::int64_t>(index - rest * static_cast<Index>(axes[i].size)) * axes[i].stride;
    index = rest;
  }
  return offset + static_cast<std::int64_t>(index) * axes[0].stride;
}

// Not inline: divisions of 64 bits are long.
__device__ __noinline__ inline std::int64_t wide_offset(const ReduceAxis* axes, int rank,
                                                        std::int64_t index) {
  return axes_offset(axes, rank, index,
                     [](std::int64_t value, const ReduceAxis& axis) { return value / axis.size; });
}

__device__ inline std::int64_t place_offset(const ReduceAxis* axes, int rank, bool wide,
                                            std::int64_t index) {
  if (rank <= 1) return index * axes[0].stride;
  if (wide) return wide_offset(axes, rank, index);
  return axes_offset(
      axes, rank, static_cast<std::uint32_t>(index),
      [](std::uint32_t value, const ReduceAxis& axis) { return axis.fast.divide(value); });
}

// Combines a thread's elements of places begin, begin + lanes, … below end into acc: `first` is the
// offset of the output's first element, whose address is `from`.
template <class Rule>
__device__ inline void reduce_places(const Rule& rule, const typename Rule::In* from,
                                     const ReducePlan& plan, std::int64_t first, std::int64_t begin,
                                     std::int64_t end,
                                     typename Rule::Acc (&acc)[kVectorOf<typename Rule::In>]) {
  using In = typename Rule::In;
  constexpr int kCount = kVectorOf<In>;
  constexpr int kLoads = kCount < 4 ? kCount : 4;  // on their way at a time
  const auto take = [&](int k, const In& value, std::int64_t place) {
    acc[k] = rule.combine(acc[k], rule.take(value, place));
  };
  if (plan.vector) {
    for (std::int64_t i = begin; i < end; i += plan.lanes) {
      const std::int64_t offset = place_offset(plan.reduced, plan.reduced_rank, plan.wide, i);
      const std::int64_t place = plan.columns ? i : i * kCount;
      const int step = plan.columns ? 0 : 1;
      if (first + offset + kCount <= plan.end) {
        const auto values = load_vector<In, kCount>(from + offset, 0);
#pragma unroll
        for (int k = 0; k < kCount; ++k) take(k, values.values[k], place + k * step);
      } else {
        for (int k = 0; first + offset + k < plan.end; ++k) take(0, from[offset + k], place + k);
      }
    }
    return;
  }
  std::int64_t i = begin;
  if (plan.reduced_rank <= 1) {
    const std::int64_t stride = plan.reduced[0].stride;
    const std::int64_t step = static_cast<std::int64_t>(kLoads) * plan.lanes;
    for (; i + step - plan.lanes < end; i += step) {
#pragma unroll
      for (int k = 0; k < kLoads; ++k) {
        const std::int64_t place = i + static_cast<std::int64_t>(k) * plan.lanes;
        take(k, from[place * stride], place);
      }
    }
  }
  for (; i < end; i += plan.lanes) {
    take(0, from[place_offset(plan.reduced, plan.reduced_rank, plan.wide, i)], i);
  }
}

template <class Rule, class Writer>
__global__ void __launch_bounds__(ReducePlan::kBlock)
    reduce_kernel(const typename Rule::In* x, const Rule rule, const Writer writer,
                  const __grid_constant__ ReducePlan plan) {
  using Acc = typename Rule::Acc;
  constexpr int kCount = kVectorOf<typename Rule::In>;
  __shared__ Acc shared[kCount][ReducePlan::kBlock];
  const int thread = static_cast<int>(threadIdx.x);
  const int lane = plan.columns ? thread / plan.width : thread % plan.lanes;
  const int local = plan.columns ? thread % plan.width : thread / plan.lanes;
  const std::int64_t output = static_cast<std::int64_t>(blockIdx.x) * plan.width + local;
  const bool busy = lane < plan.lanes && output < plan.outputs;
  Acc acc[kCount];
#pragma unroll
  for (int k = 0; k < kCount; ++k) acc[k] = rule.start();
  if (busy) {
    const std::int64_t first = place_offset(plan.kept, plan.kept_rank, plan.wide, output);
    const std::int64_t begin = static_cast<std::int64_t>(blockIdx.y) * plan.per_part;
    const std::int64_t end =
        begin + plan.per_part < plan.places ? begin + plan.per_part : plan.places;
    reduce_places(rule, x + first, plan, first, begin + lane, end, acc);
  }
  const bool many = plan.wide_outputs();
  if (!many) {
#pragma unroll
    for (int half = kCount / 2; half > 0; half /= 2) {
#pragma unroll
      for (int k = 0; k < half; ++k) acc[k] = rule.combine(acc[k], acc[k + half]);
    }
  }
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    if (k == 0 || many) shared[k][thread] = acc[k];
  }
  const int step = plan.columns ? plan.width : 1;
  int half = 1;
  while (2 * half < plan.lanes) half *= 2;
  for (; half > 0 && plan.lanes > 1; half /= 2) {
    __syncthreads();
    if (lane >= half || lane + half >= plan.lanes) continue;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      if (k == 0 || many) {
        acc[k] = rule.combine(acc[k], shared[k][thread + half * step]);
        shared[k][thread] = acc[k];
      }
    }
  }
  if (!busy || lane != 0) return;
  const std::int64_t to = blockIdx.y * plan.outputs + output;
  if (many) {
    writer.store(to * kCount, acc);
  } else {
    const Acc one[1] = {acc[0]};
    writer.store(to, one);
  }
}

// Numbers, accumulated as they are computed with.
template <class Reducer, class T>
struct NumberRule {
  using In = T;
  using Acc = Compute<T>;
  __device__ static Acc start() { return Reducer::template start<Acc>(); }
  __device__ static Acc take(T value, std::int64_t) { return static_cast<Acc>(value); }
  __device__ static Acc combine(Acc a, Acc b) { return Reducer()(a, b); }
};

// Results as Out, divided by `divisor` and multiplied by `factor`.
template <class Acc, class Out>
struct NumberWriter {
  using Partial = NumberWriter<Acc, Acc>;

  Out* out;
  std::int64_t divisor = 1;
  Acc factor = 1;

  template <int kCount>
  __device__ void store(std::int64_t at, const Acc (&values)[kCount]) const {
    Vector<Out, kCount> results;
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      const Acc divided = divisor == 1 ? values[k] : quotient(values[k], divisor);
      results.values[k] = static_cast<Out>(factor == Acc(1) ? divided : divided * factor);
    }
    store_vector(out + at, 0, results);
  }
};

// Reduces x to `writer`, in one launch or in two, where `last` combines what the first one leaves.
// `aligned` says whether the writer can store vectors.
template <class Rule, class Last, class Writer>
void reduce_gpu(op::KernelContext& context, const typename Rule::In* x, const Shape& shape,
                std::uint32_t mask, const Rule& rule, const Last& last, const Writer& writer,
                bool aligned) {
  using Acc = typename Rule::Acc;
  using Partial = typename Writer::Partial;
  constexpr int kCount = kVectorOf<typename Rule::In>;
  const auto launch_shape = [](const ReducePlan& plan) {
    return device::cuda::LaunchShape{.grid = {plan.tiles(), plan.parts},
                                     .block = ReducePlan::kBlock};
  };
  const ReducePlan plan =
      reduce_plan(shape, mask, kCount, aligned && vectors_fit<kCount>(x), kMostReduceParts);
  if (plan.parts == 1) {
    device::cuda::launch<reduce_kernel<Rule, Writer>>(context.device(), launch_shape(plan), x, rule,
                                                      writer, plan);
    return;
  }
  const std::int64_t outputs = plan.outputs * (plan.wide_outputs() ? kCount : 1);
  const RefPtr<Buffer> scratch =
      context.scratch(static_cast<std::size_t>(outputs * plan.parts) * sizeof(Acc));
  auto* partial = static_cast<Acc*>(scratch->data());
  device::cuda::launch<reduce_kernel<Rule, Partial>>(context.device(), launch_shape(plan), x, rule,
                                                     Partial{partial}, plan);
  const ReducePlan rest = reduce_plan(Shape({plan.parts, outputs}), 1, kVectorOf<Acc>, aligned, 1);
  device::cuda::launch<reduce_kernel<Last, Writer>>(context.device(), launch_shape(rest), partial,
                                                    last, writer, rest);
}

// The same for numbers: out = reduction / divisor * factor.
template <class Reducer, class Rule>
void reduce_numbers_gpu(op::KernelContext& context, const typename Rule::In* x, const Shape& shape,
                        std::uint32_t mask, typename Rule::In* out, std::int64_t divisor,
                        typename Rule::Acc factor = 1) {
  using Acc = typename Rule::Acc;
  constexpr int kMost = kVectorOf<typename Rule::In>;
  reduce_gpu(context, x, shape, mask, Rule(), NumberRule<Reducer, Acc>(),
             NumberWriter<Acc, typename Rule::In>{out, divisor, factor}, vectors_fit<kMost>(out));
}

}  // namespace keen::detail
