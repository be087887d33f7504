#include <numbers>

#include "kernels/detail/activation_functors.h"
#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/functors.h"
#include "kernels/elementwise.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace {

using detail::binary_row;
using detail::Floats;
using detail::Numbers;
using detail::SignedNumbers;
using detail::unary_row;
using op::GradientContext;
using op::GradientReads;
using op::not_differentiable;
using op::reads;

constexpr GradientReads kReadsInput{.inputs = reads(0)};
constexpr GradientReads kReadsOutput{.outputs = reads(0)};
constexpr GradientReads kReadsInputs{.inputs = reads(0, 1)};

// ---- Gradients as ops of their own: of the output y and the gradient dy ----

void tanh_grad_gradient(GradientContext& context);
void sigmoid_grad_gradient(GradientContext& context);
void sqrt_grad_gradient(GradientContext& context);
void rsqrt_grad_gradient(GradientContext& context);
void reciprocal_grad_gradient(GradientContext& context);

constinit const op::Op kTanhGrad =
    binary_row<functor::TanhGrad, Floats>("TanhGrad", tanh_grad_gradient, kReadsInputs);
KEEN_OP(kTanhGrad);
constinit const op::Op kSigmoidGrad =
    binary_row<functor::SigmoidGrad, Floats>("SigmoidGrad", sigmoid_grad_gradient, kReadsInputs);
KEEN_OP(kSigmoidGrad);
constinit const op::Op kSqrtGrad =
    binary_row<functor::SqrtGrad, Floats>("SqrtGrad", sqrt_grad_gradient, kReadsInputs);
KEEN_OP(kSqrtGrad);
constinit const op::Op kRsqrtGrad =
    binary_row<functor::RsqrtGrad, Floats>("RsqrtGrad", rsqrt_grad_gradient, kReadsInputs);
KEEN_OP(kRsqrtGrad);
constinit const op::Op kReciprocalGrad = binary_row<functor::ReciprocalGrad, Floats>(
    "ReciprocalGrad", reciprocal_grad_gradient, kReadsInputs);
KEEN_OP(kReciprocalGrad);

void tanh_grad_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  const Tensor& y = context.input(0);
  const Tensor& dy = context.input(1);
  if (context.needs(0)) context.set_input_gradient(0, g * dy * y * -2);
  if (context.needs(1)) context.set_input_gradient(1, op::execute(kTanhGrad, {y, g}));
}

void sigmoid_grad_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  const Tensor& y = context.input(0);
  const Tensor& dy = context.input(1);
  if (context.needs(0)) context.set_input_gradient(0, g * dy * (1 - 2 * y));
  if (context.needs(1)) context.set_input_gradient(1, op::execute(kSigmoidGrad, {y, g}));
}

void sqrt_grad_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  const Tensor scaled = g / context.input(0);
  if (context.needs(0)) {
    context.set_input_gradient(0, scaled * context.input(1) / context.input(0) * -0.5);
  }
  if (context.needs(1)) context.set_input_gradient(1, scaled * 0.5);
}

void rsqrt_grad_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  const Tensor& y = context.input(0);
  if (context.needs(0)) {
    context.set_input_gradient(0, g * context.input(1) * square(y) * -1.5);
  }
  if (context.needs(1)) context.set_input_gradient(1, op::execute(kRsqrtGrad, {y, g}));
}

void reciprocal_grad_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  const Tensor& y = context.input(0);
  if (context.needs(0)) context.set_input_gradient(0, g * context.input(1) * y * -2);
  if (context.needs(1)) context.set_input_gradient(1, op::execute(kReciprocalGrad, {y, g}));
}

// ---- Gradients ----

// Of a row whose gradient is the op kGrad of the output and the output's gradient.
template <const op::Op& kGrad>
void gradient_op_of_output(GradientContext& context) {
  context.set_input_gradient(0,
                             op::execute(kGrad, {context.output(0), context.output_gradient(0)}));
}

void neg_gradient(GradientContext& context) {
  context.set_input_gradient(0, negative(context.output_gradient(0)));
}

// Zero, not "none", as in TensorFlow.
void sign_gradient(GradientContext& context) {
  const TensorSpec& spec = context.spec(0);
  context.set_input_gradient(0, fill(spec.shape, 0.0, spec.dtype));
}

void abs_gradient(GradientContext& context) {
  context.set_input_gradient(0, context.output_gradient(0) * sign(context.input(0)));
}

void square_gradient(GradientContext& context) {
  const Tensor& x = context.input(0);
  context.set_input_gradient(0, context.output_gradient(0) * (x + x));
}

void exp_gradient(GradientContext& context) {
  context.set_input_gradient(0, context.output_gradient(0) * context.output(0));
}

void expm1_gradient(GradientContext& context) {
  context.set_input_gradient(0, context.output_gradient(0) * exp(context.input(0)));
}

void log_gradient(GradientContext& context) {
  context.set_input_gradient(0, context.output_gradient(0) / context.input(0));
}

void log1p_gradient(GradientContext& context) {
  context.set_input_gradient(0, context.output_gradient(0) / (1 + context.input(0)));
}

void sin_gradient(GradientContext& context) {
  context.set_input_gradient(0, context.output_gradient(0) * cos(context.input(0)));
}

void cos_gradient(GradientContext& context) {
  context.set_input_gradient(0, negative(context.output_gradient(0) * sin(context.input(0))));
}

void erf_gradient(GradientContext& context) {
  constexpr double kTwoOverRootPi = 2 * std::numbers::inv_sqrtpi;
  const Tensor slope = exp(negative(square(context.input(0)))) * kTwoOverRootPi;
  context.set_input_gradient(0, context.output_gradient(0) * slope);
}

constinit const op::Op kNeg = unary_row<functor::Neg, SignedNumbers>("Neg", neg_gradient);
KEEN_OP(kNeg);
constinit const op::Op kAbs =
    unary_row<functor::Abs, SignedNumbers>("Abs", abs_gradient, kReadsInput);
KEEN_OP(kAbs);
constinit const op::Op kSign = unary_row<functor::Sign, SignedNumbers>("Sign", sign_gradient);
KEEN_OP(kSign);
constinit const op::Op kSquare =
    unary_row<functor::Square, Numbers>("Square", square_gradient, kReadsInput);
KEEN_OP(kSquare);
constinit const op::Op kReciprocal = unary_row<functor::Reciprocal, Floats>(
    "Reciprocal", gradient_op_of_output<kReciprocalGrad>, kReadsOutput);
KEEN_OP(kReciprocal);
constinit const op::Op kSqrt =
    unary_row<functor::Sqrt, Floats>("Sqrt", gradient_op_of_output<kSqrtGrad>, kReadsOutput);
KEEN_OP(kSqrt);
constinit const op::Op kRsqrt =
    unary_row<functor::Rsqrt, Floats>("Rsqrt", gradient_op_of_output<kRsqrtGrad>, kReadsOutput);
KEEN_OP(kRsqrt);
constinit const op::Op kFloor = unary_row<functor::Floor, Floats>("Floor", not_differentiable);
KEEN_OP(kFloor);
constinit const op::Op kCeil = unary_row<functor::Ceil, Floats>("Ceil", not_differentiable);
KEEN_OP(kCeil);
constinit const op::Op kRound =
    unary_row<functor::Round, SignedNumbers>("Round", not_differentiable);
KEEN_OP(kRound);
constinit const op::Op kExp = unary_row<functor::Exp, Floats>("Exp", exp_gradient, kReadsOutput);
KEEN_OP(kExp);
constinit const op::Op kExpm1 =
    unary_row<functor::Expm1, Floats>("Expm1", expm1_gradient, kReadsInput);
KEEN_OP(kExpm1);
constinit const op::Op kLog = unary_row<functor::Log, Floats>("Log", log_gradient, kReadsInput);
KEEN_OP(kLog);
constinit const op::Op kLog1p =
    unary_row<functor::Log1p, Floats>("Log1p", log1p_gradient, kReadsInput);
KEEN_OP(kLog1p);
constinit const op::Op kSin = unary_row<functor::Sin, Floats>("Sin", sin_gradient, kReadsInput);
KEEN_OP(kSin);
constinit const op::Op kCos = unary_row<functor::Cos, Floats>("Cos", cos_gradient, kReadsInput);
KEEN_OP(kCos);
constinit const op::Op kErf = unary_row<functor::Erf, Floats>("Erf", erf_gradient, kReadsInput);
KEEN_OP(kErf);
constinit const op::Op kTanh =
    unary_row<functor::Tanh, Floats>("Tanh", gradient_op_of_output<kTanhGrad>, kReadsOutput);
KEEN_OP(kTanh);
constinit const op::Op kSigmoid = unary_row<functor::Sigmoid, Floats>(
    "Sigmoid", gradient_op_of_output<kSigmoidGrad>, kReadsOutput);
KEEN_OP(kSigmoid);

}  // namespace

Tensor negative(const Tensor& x) { return op::execute(kNeg, {x}); }
Tensor abs(const Tensor& x) { return op::execute(kAbs, {x}); }
Tensor sign(const Tensor& x) { return op::execute(kSign, {x}); }
Tensor square(const Tensor& x) { return op::execute(kSquare, {x}); }
Tensor reciprocal(const Tensor& x) { return op::execute(kReciprocal, {x}); }
Tensor sqrt(const Tensor& x) { return op::execute(kSqrt, {x}); }
Tensor rsqrt(const Tensor& x) { return op::execute(kRsqrt, {x}); }
Tensor floor(const Tensor& x) { return op::execute(kFloor, {x}); }
Tensor ceil(const Tensor& x) { return op::execute(kCeil, {x}); }
Tensor round(const Tensor& x) { return op::execute(kRound, {x}); }
Tensor exp(const Tensor& x) { return op::execute(kExp, {x}); }
Tensor expm1(const Tensor& x) { return op::execute(kExpm1, {x}); }
Tensor log(const Tensor& x) { return op::execute(kLog, {x}); }
Tensor log1p(const Tensor& x) { return op::execute(kLog1p, {x}); }
Tensor sin(const Tensor& x) { return op::execute(kSin, {x}); }
Tensor cos(const Tensor& x) { return op::execute(kCos, {x}); }
Tensor erf(const Tensor& x) { return op::execute(kErf, {x}); }
Tensor tanh(const Tensor& x) { return op::execute(kTanh, {x}); }
Tensor sigmoid(const Tensor& x) { return op::execute(kSigmoid, {x}); }

}  // namespace keen
