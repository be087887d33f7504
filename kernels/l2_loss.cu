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
  const auto scaled = [factor](T value) {
    return static_cast<T>(static_cast<Compute<T>>(value) * factor);
  };
  detail::for_each_vector<kCount>(
      n, aligned,
      [&](std::int64_t i) {
        auto values = detail::load_vector<T, kCount>(t, i);
#pragma unroll
        for (int k = 0; k < kCount; ++k) values.values[k] = scaled(values.values[k]);
        detail::store_vector(out, i, values);
      },
      [&](std::int64_t i) { out[i] = scaled(t[i]); });
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
