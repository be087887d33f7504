#include "kernels/detail/elementwise.cuh"
#include "tests/gpu/unaligned.h"

namespace keen::test {

// Functors of the test's own: the library's kernels are the library's alone.
struct Opposite {
  __device__ float operator()(float x) const { return -x; }
};
struct Sum {
  __device__ float operator()(float x, float y) const { return x + y; }
};

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
    device::cuda::launch<detail::unary_kernel<Opposite, float, float>>(
        device, detail::loop_shape(device, n, kCount), x, out, n,
        detail::vectors_fit<kCount>(x, out));
  });
}

void add(Device device, const float* x, const float* y, float* out, std::int64_t n) {
  const Shape shape({n});
  auto plan = detail::elementwise_plan<2>({&shape, &shape}, shape);
  plan.aligned = detail::vectors_fit<kCount>(x, y, out);
  run(device, [=] {
    device::cuda::launch<detail::binary_kernel<Sum, float, float>>(
        device, detail::loop_shape(device, n, kCount), x, y, out, plan);
  });
}

}  // namespace keen::test
