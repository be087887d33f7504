#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/functors.h"
#include "kernels/elementwise.h"
#include "runtime/op/execute.h"

namespace keen {
namespace {

using detail::binary_row;
using detail::Floats;
using detail::Numbers;
using detail::NumbersAndBool;
using detail::unary_row;
using op::not_differentiable;
using Bool = detail::Types<bool>;

constinit const op::Op kEqual =
    binary_row<functor::Equal, NumbersAndBool>("Equal", not_differentiable);
KEEN_OP(kEqual);
constinit const op::Op kNotEqual =
    binary_row<functor::NotEqual, NumbersAndBool>("NotEqual", not_differentiable);
KEEN_OP(kNotEqual);
constinit const op::Op kLess = binary_row<functor::Less, Numbers>("Less", not_differentiable);
KEEN_OP(kLess);
constinit const op::Op kLessEqual =
    binary_row<functor::LessEqual, Numbers>("LessEqual", not_differentiable);
KEEN_OP(kLessEqual);
constinit const op::Op kGreater =
    binary_row<functor::Greater, Numbers>("Greater", not_differentiable);
KEEN_OP(kGreater);
constinit const op::Op kGreaterEqual =
    binary_row<functor::GreaterEqual, Numbers>("GreaterEqual", not_differentiable);
KEEN_OP(kGreaterEqual);
constinit const op::Op kLogicalAnd =
    binary_row<functor::LogicalAnd, Bool>("LogicalAnd", not_differentiable);
KEEN_OP(kLogicalAnd);
constinit const op::Op kLogicalOr =
    binary_row<functor::LogicalOr, Bool>("LogicalOr", not_differentiable);
KEEN_OP(kLogicalOr);
constinit const op::Op kLogicalNot =
    unary_row<functor::LogicalNot, Bool>("LogicalNot", not_differentiable);
KEEN_OP(kLogicalNot);
constinit const op::Op kIsNan = unary_row<functor::IsNan, Floats>("IsNan", not_differentiable);
KEEN_OP(kIsNan);
constinit const op::Op kIsInf = unary_row<functor::IsInf, Floats>("IsInf", not_differentiable);
KEEN_OP(kIsInf);
constinit const op::Op kIsFinite =
    unary_row<functor::IsFinite, Floats>("IsFinite", not_differentiable);
KEEN_OP(kIsFinite);

}  // namespace

Tensor equal(const Tensor& x, const Tensor& y) { return op::execute(kEqual, {x, y}); }
Tensor not_equal(const Tensor& x, const Tensor& y) { return op::execute(kNotEqual, {x, y}); }
Tensor less(const Tensor& x, const Tensor& y) { return op::execute(kLess, {x, y}); }
Tensor less_equal(const Tensor& x, const Tensor& y) { return op::execute(kLessEqual, {x, y}); }
Tensor greater(const Tensor& x, const Tensor& y) { return op::execute(kGreater, {x, y}); }
Tensor greater_equal(const Tensor& x, const Tensor& y) {
  return op::execute(kGreaterEqual, {x, y});
}
Tensor logical_and(const Tensor& x, const Tensor& y) { return op::execute(kLogicalAnd, {x, y}); }
Tensor logical_or(const Tensor& x, const Tensor& y) { return op::execute(kLogicalOr, {x, y}); }
Tensor logical_not(const Tensor& x) { return op::execute(kLogicalNot, {x}); }
Tensor is_nan(const Tensor& x) { return op::execute(kIsNan, {x}); }
Tensor is_inf(const Tensor& x) { return op::execute(kIsInf, {x}); }
Tensor is_finite(const Tensor& x) { return op::execute(kIsFinite, {x}); }

}  // namespace keen
