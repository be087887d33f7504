#include "kernels/mean_grad.h"

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
  if (!detail::broadcasts_to(dy, args.shape)) {
    throw InvalidArgumentError(text(context.op_name(), ": Incompatible shapes: ", brackets(dy),
                                    " vs. ", brackets(args.shape)));
  }
  if (args.divisor == 0) {
    throw InvalidArgumentError(text(context.op_name(), ": a mean over nothing has no gradient"));
  }
  context.set_output(0, context.dtype(0), args.shape);
}

void mean_grad_cpu(KernelContext& context) {
  Floats::visit(context.dtype(0), [&]<class T>() {
    const auto divisor = static_cast<Compute<T>>(context.attrs<MeanGradArgs>().divisor);
    detail::broadcast_map<T>(context, [divisor](T value) {
      return static_cast<T>(static_cast<Compute<T>>(value) / divisor);
    });
  });
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
