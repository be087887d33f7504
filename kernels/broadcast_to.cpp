#include "kernels/broadcast_to.h"

#include <cstdint>
#include <functional>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/strided_copy.h"
#include "kernels/detail/unbroadcast.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace {

using detail::NumbersAndBool;

struct BroadcastToArgs {
  Shape shape;
};

void infer(op::InferContext& context) {
  const Shape& shape = context.attrs<BroadcastToArgs>().shape;
  const Shape& input = context.shape(0);
  if (!detail::broadcasts_to(input, shape)) {
    throw InvalidArgumentError(text("Incompatible shapes: ", brackets(input), " vs. ",
                                    brackets(shape), " [Op:BroadcastTo]"));
  }
  context.set_output(0, context.dtype(0), shape);
}

void broadcast_cpu(op::KernelContext& context) {
  NumbersAndBool::visit(context.dtype(0),
                        [&]<class T>() { detail::broadcast_map<T>(context, std::identity()); });
}

[[maybe_unused]] void broadcast_gpu(op::KernelContext& context) {
  const Shape& output = context.output(0).shape;
  const detail::BroadcastPlan<1> plan({&context.shape(0)}, output);
  std::int64_t stride = output.num_elements();
  detail::StridedCopy copy;
  for (std::size_t i = 0; i < static_cast<std::size_t>(plan.rank); ++i) {
    if (plan.dims[i] != 0) stride /= plan.dims[i];
    copy.add(plan.dims[i], plan.strides[0][i], stride);
  }
  copy.run(context.device_context(), context.in<void>(0), context.out<void>(0),
           size_of(context.dtype(0)));
}

void gradient(op::GradientContext& context) {
  context.set_input_gradient(0, detail::unbroadcast(context.output_gradient(0), context.shape(0)));
}

constinit const op::Op kBroadcastTo{.name = "BroadcastTo",
                                    .inputs = {{"input"}},
                                    .dtypes = NumbersAndBool::kSet,
                                    .infer = infer,
                                    .gradient = gradient,
                                    .cpu = broadcast_cpu,
                                    .gpu = KEEN_GPU_KERNEL(broadcast_gpu)};
KEEN_OP(kBroadcastTo);

}  // namespace

Tensor broadcast_to(const Tensor& input, const Shape& shape) {
  if (input.shape() == shape) return input;
  return op::execute(kBroadcastTo, {input}, BroadcastToArgs{.shape = shape});
}

}  // namespace keen
