#include "kernels/detail/elementwise.cuh"

namespace keen::detail {

KEEN_BINARY_GPU(functor::Add, Numbers);
KEEN_BINARY_GPU(functor::Sub, Numbers);
KEEN_BINARY_GPU(functor::Mul, Numbers);
KEEN_BINARY_GPU(functor::RealDiv, Floats);
KEEN_BINARY_GPU(functor::DivNoNan, Floats);
KEEN_BINARY_GPU(functor::FloorDiv, Numbers);
KEEN_BINARY_GPU(functor::FloorMod, Numbers);
KEEN_BINARY_GPU(functor::TruncateDiv, Integers);
KEEN_BINARY_GPU(functor::Maximum, Numbers);
KEEN_BINARY_GPU(functor::Minimum, Numbers);
KEEN_BINARY_GPU(functor::SquaredDifference, Numbers);
KEEN_BINARY_GPU(functor::Pow, Numbers);

}  // namespace keen::detail
