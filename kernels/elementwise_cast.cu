#include <type_traits>

#include "kernels/detail/cast.h"
#include "kernels/detail/elementwise.cuh"
#include "runtime/base/error.h"

namespace keen {
namespace {

using detail::Compute;
using detail::NumbersAndBool;

// Ninety pairs of types: a thread takes four elements, whatever their sizes are.
constexpr int kCount = 4;

template <class From, class To>
__device__ inline To cast_element(From value) {
  return static_cast<To>(detail::convert<Compute<To>>(static_cast<Compute<From>>(value)));
}

template <class From, class To>
__global__ void __launch_bounds__(detail::kLoopBlock)
    cast_kernel(const From* from, To* to, std::int64_t n, bool aligned) {
  detail::for_each_vector<kCount>(
      n, aligned,
      [&](std::int64_t i) {
        const auto in = detail::load_vector<From, kCount>(from, i);
        detail::Vector<To, kCount> out;
        for (int k = 0; k < kCount; ++k) out.values[k] = cast_element<From, To>(in.values[k]);
        detail::store_vector(to, i, out);
      },
      [&](std::int64_t i) { to[i] = cast_element<From, To>(from[i]); });
}

}  // namespace

void cast_gpu(op::KernelContext& context) {
  const std::int64_t n = context.shape(0).num_elements();
  NumbersAndBool::visit(context.dtype(0), [&]<class From>() {
    NumbersAndBool::visit(context.output(0).dtype, [&]<class To>() {
      if constexpr (std::is_same_v<From, To>) {
        throw InternalError("Cast: x has the dtype already, and cast() gives it back");
      } else {
        const From* from = context.in<From>(0);
        To* to = context.out<To>(0);
        device::cuda::launch<cast_kernel<From, To>>(
            context.device(), detail::loop_shape(context.device(), n, kCount), from, to, n,
            detail::vectors_fit<kCount>(from, to));
      }
    });
  });
}

}  // namespace keen
