#include "kernels/detail/activation_functors.h"
#include "kernels/detail/elementwise.cuh"

namespace keen::detail {

KEEN_BINARY_GPU(functor::TanhGrad, Floats);
KEEN_BINARY_GPU(functor::SigmoidGrad, Floats);
KEEN_BINARY_GPU(functor::SqrtGrad, Floats);
KEEN_BINARY_GPU(functor::RsqrtGrad, Floats);
KEEN_BINARY_GPU(functor::ReciprocalGrad, Floats);
KEEN_UNARY_GPU(functor::Neg, SignedNumbers);
KEEN_UNARY_GPU(functor::Abs, SignedNumbers);
KEEN_UNARY_GPU(functor::Sign, SignedNumbers);
KEEN_UNARY_GPU(functor::Square, Numbers);
KEEN_UNARY_GPU(functor::Reciprocal, Floats);
KEEN_UNARY_GPU(functor::Sqrt, Floats);
KEEN_UNARY_GPU(functor::Rsqrt, Floats);
KEEN_UNARY_GPU(functor::Floor, Floats);
KEEN_UNARY_GPU(functor::Ceil, Floats);
KEEN_UNARY_GPU(functor::Round, SignedNumbers);
KEEN_UNARY_GPU(functor::Exp, Floats);
KEEN_UNARY_GPU(functor::Expm1, Floats);
KEEN_UNARY_GPU(functor::Log, Floats);
KEEN_UNARY_GPU(functor::Log1p, Floats);
KEEN_UNARY_GPU(functor::Sin, Floats);
KEEN_UNARY_GPU(functor::Cos, Floats);
KEEN_UNARY_GPU(functor::Erf, Floats);
KEEN_UNARY_GPU(functor::Tanh, Floats);
KEEN_UNARY_GPU(functor::Sigmoid, Floats);

}  // namespace keen::detail
