#include "kernels/detail/elementwise.cuh"
#include "tests/gpu/unaligned.h"

namespace keen::test {
namespace {

constexpr int kCount = detail::kVectorOf<float>;

// Runs f as a kernel of an op, with the device current.
template <class F>
void run(Device device, F f) {
  device::context(device).run([](void* call) { (*static_cast<F*>(call))(); }, &f);
}

}  // namespace

void negate(Device device, const float* x, float* out, std::int64_t n) {
  run(device, [=] {
    device::cuda::launch<detail::unary_kernel<functor::Neg, float, float>>(
        device, detail::loop_shape(device, n, kCount), x, out, n,
        detail::vectors_fit<kCount>(x, out));
  });
}

void add(Device device, const float* x, const float* y, float* out, std::int64_t n) {
  const Shape shape({n});
  auto plan = detail::elementwise_plan<2>({&shape, &shape}, shape);
  plan.aligned = detail::vectors_fit<kCount>(x, y, out);
  run(device, [=] {
    device::cuda::launch<detail::binary_kernel<functor::Add, float, float>>(
        device, detail::loop_shape(device, n, kCount), x, y, out, plan);
  });
}

}  // namespace keen::test
