#include <array>
#include <cstdint>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/unbroadcast.h"
#include "kernels/elementwise.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {

void select_gpu(op::KernelContext& context);  // elementwise_select.cu

namespace {

using detail::NumbersAndBool;

// ---- SelectV2 ----

void infer_select(op::InferContext& context) {
  const Shape& condition = context.shape(0);
  const Shape branches = context.shape(1) == context.shape(2)
                             ? context.shape(1)
                             : detail::broadcast_of_inputs(context, 1, 2);
  Shape result;
  if (!broadcast_shapes(condition, branches, &result)) {
    throw InvalidArgumentError(text(
        "condition ", brackets(condition), ", then ", brackets(context.shape(1)), ", and else ",
        brackets(context.shape(2)), " must be broadcastable [Op:", context.op_name(), "]"));
  }
  context.set_output(0, context.dtype(1), result);
}

// Conditions are read as bytes, and values whether they are taken or not: only then does g++ make
// vectors of these loops, and masks are what branch predictors can't foresee.
template <class T>
void select_loop(const std::uint8_t* __restrict condition, const T* __restrict x,
                 const T* __restrict y, T* __restrict out, std::int64_t n,
                 std::int64_t step_condition, std::int64_t step_x, std::int64_t step_y) {
  if (step_condition == 1 && step_x == 1 && step_y == 1) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) {
      const T from_x = x[i];
      const T from_y = y[i];
      out[i] = condition[i] != 0 ? from_x : from_y;
    }
  } else if (step_condition == 1 && step_x == 1) {
    const T other = *y;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) {
      const T from_x = x[i];
      out[i] = condition[i] != 0 ? from_x : other;
    }
  } else if (step_condition == 1 && step_y == 1) {
    const T other = *x;
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) {
      const T from_y = y[i];
      out[i] = condition[i] != 0 ? other : from_y;
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      out[i] = condition[i * step_condition] != 0 ? x[i * step_x] : y[i * step_y];
    }
  }
}

template <class T>
void select_of(op::KernelContext& context) {
  const auto* condition = context.in<std::uint8_t>(0);
  const T* x = context.in<T>(1);
  const T* y = context.in<T>(2);
  T* out = context.out<T>(0);
  const detail::BroadcastPlan<3> plan({&context.shape(0), &context.shape(1), &context.shape(2)},
                                      context.output(0).shape);
  detail::for_each_row(
      plan, context.threads(), detail::kElementwiseGrain,
      [&](std::int64_t to, const std::array<std::int64_t, 3>& from, std::int64_t count) {
        select_loop(condition + from[0], x + from[1], y + from[2], out + to, count,
                    plan.inner_stride(0), plan.inner_stride(1), plan.inner_stride(2));
      });
}

void select_cpu(op::KernelContext& context) {
  if (!NumbersAndBool::visit(context.dtype(1), [&]<class T>() { select_of<T>(context); })) {
    context.unsupported(context.dtype(1));
  }
}

void select_gradient(op::GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  const Tensor& condition = context.input(0);
  const Tensor zero = detail::number_like(0, dz);
  if (context.needs(1)) {
    context.set_input_gradient(1,
                               detail::unbroadcast(where(condition, dz, zero), context.shape(1)));
  }
  if (context.needs(2)) {
    context.set_input_gradient(2,
                               detail::unbroadcast(where(condition, zero, dz), context.shape(2)));
  }
}

constinit const op::Op kSelect{.name = "SelectV2",
                               .inputs = {{"condition", set_of(DType::kBool)}, {"t"}, {"e"}},
                               .dtypes = NumbersAndBool::kSet,
                               .gradient_reads = {.inputs = op::reads(0)},
                               .infer = infer_select,
                               .gradient = select_gradient,
                               .cpu = select_cpu,
                               .gpu = KEEN_GPU_KERNEL(select_gpu)};
KEEN_OP(kSelect);

// ---- StopGradient ----

constinit const op::Op kStopGradient{.name = "StopGradient",
                                     .inputs = {{"input"}},
                                     .dtypes = kAllTypes,
                                     .shares_input = true,
                                     .infer = detail::infer_unary,
                                     .gradient = op::not_differentiable};
KEEN_OP(kStopGradient);

}  // namespace

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y) {
  return op::execute(kSelect, {condition, x, y});
}

Tensor stop_gradient(const Tensor& input) { return op::execute(kStopGradient, {input}); }

}  // namespace keen
