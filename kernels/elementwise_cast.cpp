#include <cstdint>

#include "kernels/detail/cast.h"
#include "kernels/detail/elementwise_loops.h"
#include "kernels/elementwise.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {

void cast_gpu(op::KernelContext& context);  // elementwise_cast.cu

namespace {

using detail::NumbersAndBool;

struct CastArgs {
  DType dtype = DType::kFloat32;
};

void infer_cast(op::InferContext& context) {
  const DType dtype = context.attrs<CastArgs>().dtype;
  if (!contains(NumbersAndBool::kSet, dtype)) {
    throw UnimplementedError(text("Cast ", context.dtype(0), " to ", dtype, " is not supported"));
  }
  context.set_output(0, dtype, context.shape(0));
}

template <class From, class To>
void cast_of(op::KernelContext& context) {
  const From* from = context.in<From>(0);
  To* to = context.out<To>(0);
  const auto body = [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const auto value = static_cast<detail::Compute<From>>(from[i]);
      to[i] = static_cast<To>(detail::convert<detail::Compute<To>>(value));
    }
  };
  const std::int64_t n = context.shape(0).num_elements();
  if (n <= detail::kElementwiseGrain) {
    body(0, n);
  } else {
    device::cpu::parallel_for(context.threads(), n, detail::kElementwiseGrain, body);
  }
}

void cast_cpu(op::KernelContext& context) {
  NumbersAndBool::visit(context.dtype(0), [&]<class From>() {
    NumbersAndBool::visit(context.output(0).dtype, [&]<class To>() { cast_of<From, To>(context); });
  });
}

void cast_gradient(op::GradientContext& context) {
  if (!is_floating(context.spec(0).dtype) || !is_floating(context.output_spec(0).dtype)) return;
  context.set_input_gradient(0, cast(context.output_gradient(0), context.spec(0).dtype));
}

constinit const op::Op kCast{.name = "Cast",
                             .inputs = {{"x"}},
                             .dtypes = NumbersAndBool::kSet,
                             .infer = infer_cast,
                             .gradient = cast_gradient,
                             .cpu = cast_cpu,
                             .gpu = KEEN_GPU_KERNEL(cast_gpu)};
KEEN_OP(kCast);

}  // namespace

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return op::execute(kCast, {x}, CastArgs{.dtype = dtype});
}

}  // namespace keen
