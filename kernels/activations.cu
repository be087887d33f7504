#include "kernels/detail/activation_functors.h"
#include "kernels/detail/elementwise.cuh"

namespace keen::detail {

KEEN_BINARY_GPU(functor::ReluGrad, Numbers);
KEEN_BINARY_GPU(functor::SoftplusGrad, Floats);
KEEN_UNARY_GPU(functor::Relu, Numbers);
KEEN_UNARY_GPU(functor::Softplus, Floats);

}  // namespace keen::detail
