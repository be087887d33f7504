#include <cstdint>

#include "kernels/detail/elementwise.cuh"
#include "kernels/l2_loss.h"

namespace keen::op {
namespace {

using detail::Compute;

template <class T>
__global__ void __launch_bounds__(detail::kLoopBlock)
    l2_loss_grad_kernel(const T* t, const T* dy, T* out, std::int64_t n, bool aligned,
                        Compute<T> weight) {
  constexpr int kCount = detail::kVectorOf<T>;
  const Compute<T> factor = static_cast<Compute<T>>(*dy) * weight;
  const std::int64_t whole = aligned ? n / kCount : 0;
  for (std::int64_t i = detail::global_thread(); i < whole; i += detail::global_threads()) {
    auto values = detail::load_vector<T, kCount>(t, i);
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
      values.values[k] = static_cast<T>(static_cast<Compute<T>>(values.values[k]) * factor);
    }
    detail::store_vector(out, i, values);
  }
  for (std::int64_t i = whole * kCount + detail::global_thread(); i < n;
       i += detail::global_threads()) {
    out[i] = static_cast<T>(static_cast<Compute<T>>(t[i]) * factor);
  }
}

}  // namespace

void l2_loss_grad_gpu(KernelContext& context) {
  const std::int64_t n = context.shape(0).num_elements();
  detail::Floats::visit(context.dtype(0), [&]<class T>() {
    const T* t = context.in<T>(0);
    T* out = context.out<T>(0);
    constexpr int kCount = detail::kVectorOf<T>;
    device::cuda::launch<l2_loss_grad_kernel<T>>(
        context.device(), detail::loop_shape(context.device(), n, kCount), t, context.in<T>(1), out,
        n, detail::vectors_fit<kCount>(t, out),
        static_cast<Compute<T>>(context.attrs<L2LossArgs>().weight));
  });
}

}  // namespace keen::op
