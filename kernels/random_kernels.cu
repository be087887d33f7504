// Random numbers on a GPU: a thread makes a group of the distribution, from where in the stream the
// CPU makes it.
#include <cstdint>

#include "kernels/detail/units.cuh"
#include "kernels/random_kernels.h"
#include "runtime/op/op.h"
#include "runtime/tensor/random_distribution.h"

namespace keen::random::detail {
namespace {

using device::cuda::Vector;
using keen::detail::global_thread;
using keen::detail::global_threads;
using keen::detail::kLoopBlock;

__device__ inline PhiloxState state_of(const GpuStart& start) {
  if (start.key == nullptr) return start.known;
  return {start.key[0], start.counter[0], start.counter[1]};
}

template <class T, class Distribution>
__device__ inline void make_group(const Distribution& distribution, const PhiloxState& group,
                                  T* values) {
  distribution(philox_block(group), values);
}

// By place, so that the numbers stay in registers.
template <class T>
__device__ inline void make_group(const TruncatedNormal<T>& distribution, const PhiloxState& group,
                                  T* values) {
  distribution.fill(group, [values](int place, T value) {
#pragma unroll
    for (int k = 0; k < TruncatedNormal<T>::kGroup; ++k) {
      if (k == place) values[k] = value;
    }
  });
}

template <class T, class Distribution>
__global__ void __launch_bounds__(kLoopBlock)
    random_kernel(T* out, std::int64_t n, GpuStart start, Distribution distribution) {
  constexpr int kGroup = Distribution::kGroup;
  const PhiloxState first = state_of(start);
  const std::int64_t groups = (n + kGroup - 1) / kGroup;
  for (std::int64_t i = global_thread(); i < groups; i += global_threads()) {
    Vector<T, kGroup> group;
    make_group(distribution,
               first.skipped(static_cast<std::uint64_t>(i) *
                             static_cast<std::uint64_t>(Distribution::kBlocks)),
               group.values);
    if ((i + 1) * kGroup <= n) {
      device::cuda::store_vector(out, i, group);
      continue;
    }
#pragma unroll
    for (int k = 0; k < kGroup; ++k) {
      if (i * kGroup + k < n) out[i * kGroup + k] = group.values[k];
    }
  }
}

template <class T, class Distribution>
void fill_output(op::KernelContext& context, const GpuStart& start,
                 const Distribution& distribution) {
  const std::int64_t n = context.output(0).shape.num_elements();
  keen::detail::launch<random_kernel<T, Distribution>>(
      context.device(), keen::detail::loop_shape(context.device(), n, Distribution::kGroup),
      context.out<T>(0), n, start, distribution);
}

template <template <class> class Distribution>
void fill_floating(op::KernelContext& context, const GpuStart& start) {
  visit_dtype<float, double, half, bfloat16>(context.output(0).dtype, [&]<class T>() {
    fill_output<T>(context, start, Distribution<T>{});
  });
}

}  // namespace

void fill_uniform_gpu(op::KernelContext& context, const GpuStart& start) {
  fill_floating<Uniform>(context, start);
}

void fill_normal_gpu(op::KernelContext& context, const GpuStart& start) {
  fill_floating<Normal>(context, start);
}

void fill_truncated_normal_gpu(op::KernelContext& context, const GpuStart& start) {
  fill_floating<TruncatedNormal>(context, start);
}

void fill_uniform_int_gpu(op::KernelContext& context, const GpuStart& start, int bounds) {
  visit_dtype<std::int32_t, std::int64_t>(context.output(0).dtype, [&]<class T>() {
    fill_output<T>(context, start,
                   UniformInt<T>::between(*context.in<T>(bounds), *context.in<T>(bounds + 1)));
  });
}

void fill_full_int_gpu(op::KernelContext& context, const GpuStart& start) {
  visit_dtype<std::int32_t, std::int64_t>(context.output(0).dtype, [&]<class T>() {
    fill_output<T>(context, start, UniformFullInt<T>{});
  });
}

}  // namespace keen::random::detail
