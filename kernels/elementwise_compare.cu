#include "kernels/detail/elementwise.cuh"

namespace keen::detail {

KEEN_BINARY_GPU(functor::Equal, NumbersAndBool);
KEEN_BINARY_GPU(functor::NotEqual, NumbersAndBool);
KEEN_BINARY_GPU(functor::Less, Numbers);
KEEN_BINARY_GPU(functor::LessEqual, Numbers);
KEEN_BINARY_GPU(functor::Greater, Numbers);
KEEN_BINARY_GPU(functor::GreaterEqual, Numbers);
KEEN_BINARY_GPU(functor::LogicalAnd, Types<bool>);
KEEN_BINARY_GPU(functor::LogicalOr, Types<bool>);
KEEN_UNARY_GPU(functor::LogicalNot, Types<bool>);
KEEN_UNARY_GPU(functor::IsNan, Floats);
KEEN_UNARY_GPU(functor::IsInf, Floats);
KEEN_UNARY_GPU(functor::IsFinite, Floats);

}  // namespace keen::detail
