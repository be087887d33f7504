#include <cstdint>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/functors.h"
#include "kernels/detail/unbroadcast.h"
#include "kernels/elementwise.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace detail {

Shape broadcast_of_inputs(const op::InferContext& context, int a, int b) {
  Shape result;
  if (!broadcast_shapes(context.shape(a), context.shape(b), &result)) {
    throw InvalidArgumentError(text("Incompatible shapes: ", brackets(context.shape(a)), " vs. ",
                                    brackets(context.shape(b)), " [Op:", context.op_name(), "]"));
  }
  return result;
}

void infer_unary(op::InferContext& context) { context.set_output(0, context.input(0)); }

void infer_unary_bool(op::InferContext& context) {
  context.set_output(0, DType::kBool, context.shape(0));
}

void infer_binary(op::InferContext& context) {
  if (context.shape(0) == context.shape(1)) {
    context.set_output(0, context.input(0));
  } else {
    context.set_output(0, context.dtype(0), broadcast_of_inputs(context, 0, 1));
  }
}

void infer_binary_bool(op::InferContext& context) {
  context.set_output(0, DType::kBool, broadcast_of_inputs(context, 0, 1));
}

}  // namespace detail

namespace {

using detail::binary_row;
using detail::Floats;
using detail::Integers;
using detail::Numbers;
using detail::unbroadcast;
using op::GradientContext;
using op::reads;

void set_gradient(GradientContext& context, int i, const Tensor& gradient) {
  context.set_input_gradient(i, unbroadcast(gradient, context.shape(i)));
}

void add_gradient(GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  if (context.needs(0)) set_gradient(context, 0, dz);
  if (context.needs(1)) set_gradient(context, 1, dz);
}

void sub_gradient(GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  if (context.needs(0)) set_gradient(context, 0, dz);
  if (context.needs(1)) {
    context.set_input_gradient(1, negative(unbroadcast(dz, context.shape(1))));
  }
}

void mul_gradient(GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  if (context.needs(0)) set_gradient(context, 0, dz * context.input(1));
  if (context.needs(1)) set_gradient(context, 1, context.input(0) * dz);
}

void div_gradient(GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  const Tensor& x = context.input(0);
  const Tensor& y = context.input(1);
  if (context.needs(0)) set_gradient(context, 0, dz / y);
  if (context.needs(1)) set_gradient(context, 1, dz * ((-x / y) / y));
}

void div_no_nan_gradient(GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  const Tensor& x = context.input(0);
  const Tensor& y = context.input(1);
  if (context.needs(0)) set_gradient(context, 0, divide_no_nan(dz, y));
  if (context.needs(1)) {
    set_gradient(context, 1, dz * divide_no_nan(divide_no_nan(-x, y), y));
  }
}

// x gets the gradient where `mask` is true, y elsewhere.
void choice_gradient(GradientContext& context, const Tensor& mask) {
  const Tensor& dz = context.output_gradient(0);
  const Tensor zero = detail::number_like(0, dz);
  if (context.needs(0)) set_gradient(context, 0, where(mask, dz, zero));
  if (context.needs(1)) set_gradient(context, 1, where(mask, zero, dz));
}

void maximum_gradient(GradientContext& context) {
  choice_gradient(context, greater_equal(context.input(0), context.input(1)));
}

void minimum_gradient(GradientContext& context) {
  choice_gradient(context, less_equal(context.input(0), context.input(1)));
}

void squared_difference_gradient(GradientContext& context) {
  const Tensor difference = context.input(0) - context.input(1);
  const Tensor dx = context.output_gradient(0) * (difference + difference);
  if (context.needs(0)) set_gradient(context, 0, dx);
  if (context.needs(1)) {
    context.set_input_gradient(1, negative(unbroadcast(dx, context.shape(1))));
  }
}

void pow_gradient(GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  const Tensor& x = context.input(0);
  const Tensor& y = context.input(1);
  if (context.needs(0)) set_gradient(context, 0, dz * y * pow(x, y - 1));
  if (context.needs(1)) {
    // The logarithm counts where it is real.
    const Tensor positive = x > 0;
    const Tensor one = detail::number_like(1, x);
    const Tensor zero = detail::number_like(0, x);
    const Tensor logarithm = where(positive, log(where(positive, x, one)), zero);
    set_gradient(context, 1, dz * context.output(0) * logarithm);
  }
}

// The gradient of floor(x / y) is zero or undefined: none flows, as in TensorFlow.
void floormod_gradient(GradientContext& context) {
  const Tensor& dz = context.output_gradient(0);
  if (context.needs(0)) set_gradient(context, 0, dz);
  if (context.needs(1)) {
    set_gradient(context, 1, dz * negative(floordiv(context.input(0), context.input(1))));
  }
}

template <class T>
void check_divisor(op::KernelContext& context) {
  const T* divisor = context.in<T>(1);
  const std::int64_t n = context.shape(1).num_elements();
  if (context.output(0).shape.num_elements() == 0) return;
  for (std::int64_t i = 0; i < n; ++i) {
    if (divisor[i] == 0) throw InvalidArgumentError("Integer division by zero");
  }
}

template <class F, class AllTypes>
void integer_division_cpu(op::KernelContext& context) {
  Integers::visit(context.dtype(1), [&]<class T>() { check_divisor<T>(context); });
  detail::binary_cpu<F, AllTypes>(context);
}

template <class T>
void check_exponent(op::KernelContext& context) {
  const T* exponent = context.in<T>(1);
  for (std::int64_t i = 0; i < context.shape(1).num_elements(); ++i) {
    if (exponent[i] < 0) {
      throw InvalidArgumentError("Integers to negative integer powers are not allowed");
    }
  }
}

void pow_cpu(op::KernelContext& context) {
  Integers::visit(context.dtype(1), [&]<class T>() { check_exponent<T>(context); });
  detail::binary_cpu<functor::Pow, Numbers>(context);
}

constexpr op::Op with_kernel(op::Op row, op::KernelFunction kernel) {
  row.cpu = kernel;
  return row;
}

constinit const op::Op kAdd = binary_row<functor::Add, Numbers>("AddV2", add_gradient);
KEEN_OP(kAdd);
constinit const op::Op kSub = binary_row<functor::Sub, Numbers>("Sub", sub_gradient);
KEEN_OP(kSub);
constinit const op::Op kMul =
    binary_row<functor::Mul, Numbers>("Mul", mul_gradient, {.inputs = reads(0, 1)});
KEEN_OP(kMul);
constinit const op::Op kRealDiv =
    binary_row<functor::RealDiv, Floats>("RealDiv", div_gradient, {.inputs = reads(0, 1)});
KEEN_OP(kRealDiv);
constinit const op::Op kDivNoNan =
    binary_row<functor::DivNoNan, Floats>("DivNoNan", div_no_nan_gradient, {.inputs = reads(0, 1)});
KEEN_OP(kDivNoNan);
constinit const op::Op kFloorDiv =
    with_kernel(binary_row<functor::FloorDiv, Numbers>("FloorDiv", op::not_differentiable),
                integer_division_cpu<functor::FloorDiv, Numbers>);
KEEN_OP(kFloorDiv);
constinit const op::Op kFloorMod = with_kernel(
    binary_row<functor::FloorMod, Numbers>("FloorMod", floormod_gradient, {.inputs = reads(0, 1)}),
    integer_division_cpu<functor::FloorMod, Numbers>);
KEEN_OP(kFloorMod);
constinit const op::Op kTruncateDiv =
    with_kernel(binary_row<functor::TruncateDiv, Integers>("TruncateDiv", op::not_differentiable),
                integer_division_cpu<functor::TruncateDiv, Integers>);
KEEN_OP(kTruncateDiv);
constinit const op::Op kMaximum =
    binary_row<functor::Maximum, Numbers>("Maximum", maximum_gradient, {.inputs = reads(0, 1)});
KEEN_OP(kMaximum);
constinit const op::Op kMinimum =
    binary_row<functor::Minimum, Numbers>("Minimum", minimum_gradient, {.inputs = reads(0, 1)});
KEEN_OP(kMinimum);
constinit const op::Op kSquaredDifference = binary_row<functor::SquaredDifference, Numbers>(
    "SquaredDifference", squared_difference_gradient, {.inputs = reads(0, 1)});
KEEN_OP(kSquaredDifference);
constinit const op::Op kPow =
    with_kernel(binary_row<functor::Pow, Numbers>("Pow", pow_gradient,
                                                  {.inputs = reads(0, 1), .outputs = reads(0)}),
                pow_cpu);
KEEN_OP(kPow);

}  // namespace

Tensor add(const Tensor& x, const Tensor& y) { return op::execute(kAdd, {x, y}); }
Tensor subtract(const Tensor& x, const Tensor& y) { return op::execute(kSub, {x, y}); }
Tensor multiply(const Tensor& x, const Tensor& y) { return op::execute(kMul, {x, y}); }
Tensor divide_no_nan(const Tensor& x, const Tensor& y) { return op::execute(kDivNoNan, {x, y}); }
Tensor floordiv(const Tensor& x, const Tensor& y) { return op::execute(kFloorDiv, {x, y}); }
Tensor floormod(const Tensor& x, const Tensor& y) { return op::execute(kFloorMod, {x, y}); }
Tensor truncatediv(const Tensor& x, const Tensor& y) { return op::execute(kTruncateDiv, {x, y}); }
Tensor maximum(const Tensor& x, const Tensor& y) { return op::execute(kMaximum, {x, y}); }
Tensor minimum(const Tensor& x, const Tensor& y) { return op::execute(kMinimum, {x, y}); }
Tensor pow(const Tensor& x, const Tensor& y) { return op::execute(kPow, {x, y}); }

Tensor squared_difference(const Tensor& x, const Tensor& y) {
  return op::execute(kSquaredDifference, {x, y});
}

Tensor divide(const Tensor& x, const Tensor& y) {
  if (!is_integer(x.dtype()) || x.dtype() != y.dtype()) return op::execute(kRealDiv, {x, y});
  const bool wide = size_of(x.dtype()) >= 4;
  const DType dtype = wide ? DType::kFloat64 : DType::kFloat32;
  return op::execute(kRealDiv, {cast(x, dtype), cast(y, dtype)});
}

Tensor truediv(const Tensor& x, const Tensor& y) {
  if (x.dtype() != y.dtype()) {
    throw TypeError(
        text("`x` and `y` must have the same dtype, got ", x.dtype(), " != ", y.dtype(), "."));
  }
  return divide(x, y);
}

Tensor clip_by_value(const Tensor& t, const Tensor& clip_value_min, const Tensor& clip_value_max) {
  return maximum(minimum(t, clip_value_max), clip_value_min);
}

Tensor clip_by_value(const Tensor& t, double clip_value_min, double clip_value_max) {
  return clip_by_value(t, detail::number_like(clip_value_min, t),
                       detail::number_like(clip_value_max, t));
}

}  // namespace keen
