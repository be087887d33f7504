#include "kernels/detail/elementwise.cuh"

namespace keen {
namespace {

using detail::ElementwisePlan;
using detail::global_thread;
using detail::global_threads;
using detail::kLoopBlock;

// Elements are moved as bits: one kernel per size.
template <class Bits>
__global__ void __launch_bounds__(kLoopBlock)
    select_kernel(const std::uint8_t* condition, const Bits* x, const Bits* y, Bits* out,
                  const __grid_constant__ ElementwisePlan<3> plan) {
  if (plan.rank != 0) {
    for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
      std::int64_t from[3];
      detail::input_offsets(plan, i, from);
      out[i] = condition[from[0]] != 0 ? x[from[1]] : y[from[2]];
    }
    return;
  }
  constexpr int kCount = detail::kVectorOf<Bits>;
  detail::for_each_vector<kCount>(
      plan.n, plan.aligned,
      [&](std::int64_t i) {
        const auto c = detail::load_or_repeat<std::uint8_t, kCount>(condition, i, plan.steps[0]);
        const auto a = detail::load_or_repeat<Bits, kCount>(x, i, plan.steps[1]);
        const auto b = detail::load_or_repeat<Bits, kCount>(y, i, plan.steps[2]);
        detail::Vector<Bits, kCount> result;
        for (int k = 0; k < kCount; ++k) {
          result.values[k] = c.values[k] != 0 ? a.values[k] : b.values[k];
        }
        detail::store_vector(out, i, result);
      },
      [&](std::int64_t i) {
        out[i] = condition[i * plan.steps[0]] != 0 ? x[i * plan.steps[1]] : y[i * plan.steps[2]];
      });
}

template <class Bits>
void select_of(op::KernelContext& context) {
  constexpr int kCount = detail::kVectorOf<Bits>;
  const auto* condition = context.in<std::uint8_t>(0);
  const Bits* x = context.in<Bits>(1);
  const Bits* y = context.in<Bits>(2);
  Bits* out = context.out<Bits>(0);
  auto plan = detail::elementwise_plan<3>({&context.shape(0), &context.shape(1), &context.shape(2)},
                                          context.output(0).shape);
  plan.aligned = detail::vectors_fit<kCount>(out) &&
                 (plan.steps[0] == 0 || detail::vectors_fit<kCount>(condition)) &&
                 (plan.steps[1] == 0 || detail::vectors_fit<kCount>(x)) &&
                 (plan.steps[2] == 0 || detail::vectors_fit<kCount>(y));
  const int per_thread = plan.rank == 0 ? kCount : 1;
  device::cuda::launch<select_kernel<Bits>>(
      context.device(), detail::loop_shape(context.device(), plan.n, per_thread), condition, x, y,
      out, plan);
}

}  // namespace

void select_gpu(op::KernelContext& context) {
  device::cuda::visit_bits(size_of(context.dtype(1)),
                           [&]<class Bits>() { select_of<Bits>(context); });
}

}  // namespace keen
