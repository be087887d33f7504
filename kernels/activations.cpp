#include "kernels/activations.h"

#include "kernels/detail/activation_functors.h"
#include "kernels/detail/elementwise_loops.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {
namespace {

void relu_grad_gradient(GradientContext& context) {
  context.set_input_gradient(0, execute(kReluGrad, {context.output_gradient(0), context.input(1)}));
}

}  // namespace

constinit const Op kReluGrad = detail::binary_row<functor::ReluGrad, detail::Numbers>(
    "ReluGrad", relu_grad_gradient, {.inputs = reads(1)});
KEEN_OP(kReluGrad);

}  // namespace op

namespace nn {
namespace {

using detail::binary_row;
using detail::Floats;
using detail::Numbers;
using detail::unary_row;
using op::GradientContext;
using op::reads;

void softplus_grad_gradient(GradientContext& context);

constinit const op::Op kSoftplusGrad = binary_row<functor::SoftplusGrad, Floats>(
    "SoftplusGrad", softplus_grad_gradient, {.inputs = reads(0, 1)});
KEEN_OP(kSoftplusGrad);

void softplus_grad_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  const Tensor& x = context.input(1);
  if (context.needs(0)) context.set_input_gradient(0, op::execute(kSoftplusGrad, {g, x}));
  if (context.needs(1)) {
    context.set_input_gradient(1, g * context.input(0) / (exp(-x) + 2 + exp(x)));
  }
}

void relu_gradient(GradientContext& context) {
  context.set_input_gradient(
      0, op::execute(op::kReluGrad, {context.output_gradient(0), context.output(0)}));
}

void softplus_gradient(GradientContext& context) {
  context.set_input_gradient(
      0, op::execute(kSoftplusGrad, {context.output_gradient(0), context.input(0)}));
}

constinit const op::Op kRelu =
    unary_row<functor::Relu, Numbers>("Relu", relu_gradient, {.outputs = reads(0)});
KEEN_OP(kRelu);
constinit const op::Op kSoftplus =
    unary_row<functor::Softplus, Floats>("Softplus", softplus_gradient, {.inputs = reads(0)});
KEEN_OP(kSoftplus);

}  // namespace

Tensor relu(const Tensor& features) { return op::execute(kRelu, {features}); }
Tensor softplus(const Tensor& features) { return op::execute(kSoftplus, {features}); }

}  // namespace nn
}  // namespace keen
