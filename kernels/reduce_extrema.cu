#include <cstdint>

#include "kernels/detail/reduce.cuh"
#include "kernels/reduce.h"

namespace keen {
namespace {

template <class Reducer>
void extremum(op::KernelContext& context) {
  if (context.output(0).shape.num_elements() == 0) return;
  const Shape& shape = context.shape(0);
  const std::uint32_t mask = context.attrs<ReduceArgs>().axis.mask(shape.rank(), context.op_name());
  detail::Numbers::visit(context.dtype(0), [&]<class T>() {
    detail::reduce_numbers_gpu<Reducer, detail::NumberRule<Reducer, T>>(
        context, context.in<T>(0), shape, mask, context.out<T>(0), 1);
  });
}

}  // namespace

void max_gpu(op::KernelContext& context) { extremum<detail::MaxReducer>(context); }
void min_gpu(op::KernelContext& context) { extremum<detail::MinReducer>(context); }

}  // namespace keen
