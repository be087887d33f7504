#include <cstdint>

#include "kernels/detail/reduce.cuh"
#include "kernels/l2_loss.h"
#include "kernels/reduce.h"

namespace keen {
namespace {

using detail::Compute;
using detail::Floats;
using detail::NumberRule;
using detail::Numbers;
using detail::ProdReducer;
using detail::SumReducer;

// An element as its square.
template <class T>
struct SquareRule : NumberRule<SumReducer, T> {
  __device__ static Compute<T> take(T value, std::int64_t) {
    const auto x = static_cast<Compute<T>>(value);
    return x * x;
  }
};

std::uint32_t mask_of(const op::KernelContext& context) {
  return context.attrs<ReduceArgs>().axis.mask(context.shape(0).rank(), context.op_name());
}

template <class Reducer, class T>
void reduce_of(op::KernelContext& context, bool mean) {
  const std::int64_t outputs = context.output(0).shape.num_elements();
  if (outputs == 0) return;
  const std::int64_t divisor = mean ? context.shape(0).num_elements() / outputs : 1;
  detail::reduce_numbers_gpu<Reducer, NumberRule<Reducer, T>>(
      context, context.in<T>(0), context.shape(0), mask_of(context), context.out<T>(0), divisor);
}

template <class Reducer>
void reduce_numbers(op::KernelContext& context, bool mean = false) {
  Numbers::visit(context.dtype(0), [&]<class T>() { reduce_of<Reducer, T>(context, mean); });
}

}  // namespace

void sum_gpu(op::KernelContext& context) { reduce_numbers<SumReducer>(context); }
void mean_gpu(op::KernelContext& context) { reduce_numbers<SumReducer>(context, true); }
void prod_gpu(op::KernelContext& context) { reduce_numbers<ProdReducer>(context); }
void all_gpu(op::KernelContext& context) { reduce_of<detail::AllReducer, bool>(context, false); }
void any_gpu(op::KernelContext& context) { reduce_of<detail::AnyReducer, bool>(context, false); }

namespace op {

void l2_loss_gpu(KernelContext& context) {
  const double weight = context.attrs<L2LossArgs>().weight;
  Floats::visit(context.dtype(0), [&]<class T>() {
    detail::reduce_numbers_gpu<SumReducer, SquareRule<T>>(
        context, context.in<T>(0), Shape({context.shape(0).num_elements()}), 1, context.out<T>(0),
        2, static_cast<Compute<T>>(weight));
  });
}

}  // namespace op
}  // namespace keen
