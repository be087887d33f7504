#include "kernels/mean_grad.h"

#include <algorithm>
#include <array>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/unbroadcast.h"
#include "kernels/elementwise.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/gradient.h"

namespace keen::op {

void mean_grad_gpu(KernelContext& context);  // mean_grad.cu

namespace {

using detail::Compute;
using detail::Floats;

void infer(InferContext& context) {
  const auto& args = context.attrs<MeanGradArgs>();
  const Shape& dy = context.shape(0);
  Shape result;
  if (!broadcast_shapes(dy, args.shape, &result) ||
      (dy.is_fully_defined() && result != args.shape)) {
    throw InvalidArgumentError(text(context.op_name(), ": Incompatible shapes: ", brackets(dy),
                                    " vs. ", brackets(args.shape)));
  }
  if (args.divisor == 0) {
    throw InvalidArgumentError(text(context.op_name(), ": a mean over nothing has no gradient"));
  }
  context.set_output(0, context.dtype(0), args.shape);
}

template <class T>
void mean_grad_of(KernelContext& context) {
  const T* dy = context.in<T>(0);
  T* out = context.out<T>(0);
  const auto divisor = static_cast<Compute<T>>(context.attrs<MeanGradArgs>().divisor);
  const auto share = [divisor](T value) {
    return static_cast<T>(static_cast<Compute<T>>(value) / divisor);
  };
  const detail::BroadcastPlan<1> plan({&context.shape(0)}, context.output(0).shape);
  const bool moves = plan.inner_stride(0) != 0;
  detail::for_each_row(
      plan, context.threads(), detail::kElementwiseGrain,
      [=](std::int64_t to, const std::array<std::int64_t, 1>& from, std::int64_t count) {
        if (moves) {
          std::transform(dy + from[0], dy + from[0] + count, out + to, share);
        } else {
          std::fill_n(out + to, count, share(dy[from[0]]));
        }
      });
}

void mean_grad_cpu(KernelContext& context) {
  Floats::visit(context.dtype(0), [&]<class T>() { mean_grad_of<T>(context); });
}

void gradient(GradientContext& context) {
  const Tensor sums = detail::unbroadcast(context.output_gradient(0), context.shape(0));
  context.set_input_gradient(0, sums / context.attrs<MeanGradArgs>().divisor);
}

}  // namespace

constinit const Op kMeanGrad{.name = "_MeanGrad",
                             .inputs = {{"dy"}},
                             .dtypes = Floats::kSet,
                             .infer = infer,
                             .gradient = gradient,
                             .cpu = mean_grad_cpu,
                             .gpu = KEEN_GPU_KERNEL(mean_grad_gpu)};
KEEN_OP(kMeanGrad);

}  // namespace keen::op
