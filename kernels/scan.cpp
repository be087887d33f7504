#include "kernels/scan.h"

#include <algorithm>

#include "kernels/detail/axis_rows.h"
#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/functors.h"
#include "kernels/detail/host_ints.h"
#include "kernels/elementwise.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {

// scan.cu
void cumsum_gpu(op::KernelContext& context);
void cumprod_gpu(op::KernelContext& context);

namespace {

using detail::Compute;
using detail::Numbers;

void infer(op::InferContext& context) {
  const Shape& shape = context.shape(0);
  static_cast<void>(
      detail::axis_of(context.attrs<ScanArgs>().axis, shape.rank(), context.op_name()));
  context.set_output(0, context.input(0));
}

// Results are rounded to T at each step, as they are stored.
template <class F, class T>
void scan_line(const T* x, T* out, std::int64_t n, std::int64_t stride, const ScanArgs& args,
               int start) {
  const F f;
  auto sum = static_cast<Compute<T>>(start);
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t at = (args.reverse ? n - 1 - k : k) * stride;
    const Compute<T> next = f(sum, static_cast<Compute<T>>(x[at]));
    out[at] = static_cast<T>(args.exclusive ? sum : next);
    sum = next;
  }
}

template <class F, int kStart>
void scan_cpu(op::KernelContext& context) {
  if (context.shape(0).num_elements() == 0) return;
  const auto& args = context.attrs<ScanArgs>();
  const detail::AxisRows rows = detail::axis_rows(context, args.axis);
  const std::int64_t n = rows.length;
  const std::int64_t inner = rows.inner;
  Numbers::visit(context.dtype(0), [&]<class T>() {
    const T* x = context.in<T>(0);
    T* out = context.out<T>(0);
    device::cpu::parallel_for(context.threads(), rows.rows(),
                              std::max<std::int64_t>(1, detail::kElementwiseGrain / n),
                              [&](std::int64_t begin, std::int64_t end) {
                                for (std::int64_t line = begin; line < end; ++line) {
                                  const std::int64_t at = line / inner * n * inner + line % inner;
                                  scan_line<F>(x + at, out + at, n, inner, args, kStart);
                                }
                              });
  });
}

void cumsum_gradient(op::GradientContext& context) {
  ScanArgs args = context.attrs<ScanArgs>();
  args.reverse = !args.reverse;
  context.set_input_gradient(0, cumsum(context.output_gradient(0), args));
}

void cumprod_gradient(op::GradientContext& context) {
  ScanArgs args = context.attrs<ScanArgs>();
  args.reverse = !args.reverse;
  const Tensor weighted = context.output(0) * context.output_gradient(0);
  context.set_input_gradient(0, cumsum(weighted, args) / context.input(0));
}

constinit const op::Op kCumsum{.name = "Cumsum",
                               .inputs = {{"x"}},
                               .dtypes = Numbers::kSet,
                               .infer = infer,
                               .gradient = cumsum_gradient,
                               .cpu = scan_cpu<functor::Add, 0>,
                               .gpu = KEEN_GPU_KERNEL(cumsum_gpu)};
KEEN_OP(kCumsum);

constinit const op::Op kCumprod{.name = "Cumprod",
                                .inputs = {{"x"}},
                                .dtypes = Numbers::kSet,
                                .gradient_reads = {.inputs = op::reads(0), .outputs = op::reads(0)},
                                .infer = infer,
                                .gradient = cumprod_gradient,
                                .cpu = scan_cpu<functor::Mul, 1>,
                                .gpu = KEEN_GPU_KERNEL(cumprod_gpu)};
KEEN_OP(kCumprod);

}  // namespace

Tensor cumsum(const Tensor& x, const ScanArgs& args) { return op::execute(kCumsum, {x}, args); }
Tensor cumprod(const Tensor& x, const ScanArgs& args) { return op::execute(kCumprod, {x}, args); }

}  // namespace keen
