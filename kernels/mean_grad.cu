#include "kernels/detail/elementwise.cuh"
#include "kernels/mean_grad.h"

namespace keen::op {
namespace {

using detail::Compute;

template <class T>
__global__ void __launch_bounds__(detail::kLoopBlock)
    mean_grad_kernel(const T* dy, T* out, const __grid_constant__ detail::ElementwisePlan<1> plan,
                     Compute<T> divisor) {
  const auto share = [divisor](T value) {
    return static_cast<T>(static_cast<Compute<T>>(value) / divisor);
  };
  if (plan.rank != 0) {
    for (std::int64_t i = detail::global_thread(); i < plan.n; i += detail::global_threads()) {
      std::int64_t from[1];
      detail::input_offsets(plan, i, from);
      out[i] = share(dy[from[0]]);
    }
    return;
  }
  constexpr int kCount = detail::kVectorOf<T>;
  detail::for_each_vector<kCount>(
      plan.n, plan.aligned,
      [&](std::int64_t i) {
        auto values = detail::load_or_repeat<T, kCount>(dy, i, plan.steps[0]);
#pragma unroll
        for (int k = 0; k < kCount; ++k) values.values[k] = share(values.values[k]);
        detail::store_vector(out, i, values);
      },
      [&](std::int64_t i) { out[i] = share(dy[i * plan.steps[0]]); });
}

}  // namespace

void mean_grad_gpu(KernelContext& context) {
  detail::Floats::visit(context.dtype(0), [&]<class T>() {
    const T* dy = context.in<T>(0);
    T* out = context.out<T>(0);
    constexpr int kCount = detail::kVectorOf<T>;
    auto plan = detail::elementwise_plan<1>({&context.shape(0)}, context.output(0).shape);
    plan.aligned =
        detail::vectors_fit<kCount>(out) && (plan.steps[0] == 0 || detail::vectors_fit<kCount>(dy));
    device::cuda::launch<mean_grad_kernel<T>>(
        context.device(), detail::loop_shape(context.device(), plan.n, plan.rank == 0 ? kCount : 1),
        dy, out, plan, static_cast<Compute<T>>(context.attrs<MeanGradArgs>().divisor));
  });
}

}  // namespace keen::op
