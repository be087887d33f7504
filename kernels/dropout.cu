#include <cstdint>

#include "kernels/detail/dropout.h"
#include "kernels/detail/units.cuh"

namespace keen {
namespace {

using detail::Dropout;
using detail::global_thread;
using detail::global_threads;
using detail::kLoopBlock;
using device::cuda::load_vector;
using device::cuda::store_vector;
using device::cuda::Vector;
using device::cuda::vectors_fit;

// A thread takes what one block of the stream gives numbers for.
template <class T>
constexpr int kGroup = random::Uniform<T>::kGroup;

template <class T>
__global__ void __launch_bounds__(kLoopBlock)
    dropout_kernel(const T* x, T* out, std::uint8_t* mask, std::int64_t n, bool aligned,
                   random::PhiloxState start, Dropout<T> dropout) {
  const std::int64_t groups = (n + kGroup<T> - 1) / kGroup<T>;
  const std::int64_t whole = aligned ? n / kGroup<T> : 0;
  for (std::int64_t i = global_thread(); i < groups; i += global_threads()) {
    T numbers[kGroup<T>];
    random::Uniform<T>()(random::philox_block(start.skipped(static_cast<std::uint64_t>(i))),
                         numbers);
    if (i < whole) {
      auto values = load_vector<T, kGroup<T>>(x, i);
      Vector<std::uint8_t, kGroup<T>> kept;
#pragma unroll
      for (int k = 0; k < kGroup<T>; ++k) {
        const bool keep = dropout.keeps(numbers[k]);
        values.values[k] = dropout.apply(keep, values.values[k]);
        kept.values[k] = keep;
      }
      store_vector(out, i, values);
      store_vector(mask, i, kept);
      continue;
    }
#pragma unroll
    for (int k = 0; k < kGroup<T>; ++k) {
      const std::int64_t at = i * kGroup<T> + k;
      if (at >= n) break;
      const bool keep = dropout.keeps(numbers[k]);
      out[at] = dropout.apply(keep, x[at]);
      mask[at] = keep;
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kLoopBlock)
    dropout_grad_kernel(const T* dy, const std::uint8_t* mask, T* dx, std::int64_t n, bool aligned,
                        Dropout<T> dropout) {
  constexpr int kCount = device::cuda::kVectorOf<T>;
  device::cuda::for_each_vector<kCount>(
      n, aligned,
      [&](std::int64_t i) {
        auto values = load_vector<T, kCount>(dy, i);
        const auto kept = load_vector<std::uint8_t, kCount>(mask, i);
#pragma unroll
        for (int k = 0; k < kCount; ++k) {
          values.values[k] = dropout.apply(kept.values[k] != 0, values.values[k]);
        }
        store_vector(dx, i, values);
      },
      [&](std::int64_t i) { dx[i] = dropout.apply(mask[i] != 0, dy[i]); });
}

template <class F>
void visit_floating(const op::KernelContext& context, F&& f) {
  visit_dtype<float, double, half, bfloat16>(context.dtype(0), f);
}

}  // namespace

void dropout_gpu(op::KernelContext& context) {
  const std::int64_t n = context.shape(0).num_elements();
  const double rate = context.attrs<detail::DropoutOpArgs>().rate;
  const random::PhiloxState start = detail::dropout_start(context);
  visit_floating(context, [&]<class T>() {
    const T* x = context.in<T>(0);
    detail::launch<dropout_kernel<T>>(
        context.device(), detail::loop_shape(context.device(), n, kGroup<T>), x, context.out<T>(0),
        context.out<std::uint8_t>(1), n, vectors_fit<kGroup<T>>(x), start, Dropout<T>(rate));
  });
}

void dropout_grad_gpu(op::KernelContext& context) {
  const std::int64_t n = context.shape(0).num_elements();
  const double rate = context.attrs<detail::DropoutGradArgs>().rate;
  visit_floating(context, [&]<class T>() {
    constexpr int kCount = device::cuda::kVectorOf<T>;
    const T* dy = context.in<T>(0);
    const auto* mask = context.in<std::uint8_t>(1);
    detail::launch<dropout_grad_kernel<T>>(
        context.device(), detail::loop_shape(context.device(), n, kCount), dy, mask,
        context.out<T>(0), n, vectors_fit<kCount>(dy) && vectors_fit<kCount>(mask),
        Dropout<T>(rate));
  });
}

}  // namespace keen
