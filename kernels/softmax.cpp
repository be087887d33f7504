#include "kernels/softmax.h"

#include "kernels/detail/axis_rows.h"
#include "kernels/detail/scratch.h"
#include "kernels/detail/softmax.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

// softmax.cu
void softmax_gpu(KernelContext& context);
void log_softmax_gpu(KernelContext& context);

namespace {

void infer_softmax(InferContext& context) {
  const Shape& shape = context.shape(0);
  const int axis = context.attrs<SoftmaxArgs>().axis;
  if (shape.rank() == 0) {
    throw InvalidArgumentError(
        text(context.op_name(), ": logits must have >= 1 dimension, got []"));
  }
  if (shape.has_rank() && (axis < -shape.rank() || axis >= shape.rank())) {
    throw InvalidArgumentError(
        text(context.op_name(), ": `axis` must be in the range [", -shape.rank(), ", ",
             shape.rank(), ") where ", shape.rank(),
             " is the number of dimensions in the input. Received: axis=", axis));
  }
  context.set_output(0, context.input(0));
}

template <class T>
using RowFunction = void (*)(device::DeviceContext&, detail::RowMatrix, const T*, T*);

template <class T>
void along_axis(KernelContext& context, RowFunction<T> f) {
  auto& device = context.device_context();
  const detail::AxisRows rows(context.shape(0), context.attrs<SoftmaxArgs>().axis);
  if (rows.size() == 0) return;
  if (rows.inner == 1) {
    f(device, {rows.rows(), rows.length}, context.in<T>(0), context.out<T>(0));
    return;
  }
  const detail::Scratch memory = detail::scratch_of<T>(device, 2 * rows.size());
  T* from = memory.template data<T>();
  T* to = from + rows.size();
  rows.gather(context.in<T>(0), from);
  f(device, {rows.rows(), rows.length}, from, to);
  rows.scatter(to, context.out<T>(0));
}

void softmax_cpu(KernelContext& context) {
  visit_dtype<float, double>(context.dtype(0),
                             [&]<class T>() { along_axis<T>(context, detail::softmax<T>); });
}

void log_softmax_cpu(KernelContext& context) {
  visit_dtype<float, double>(context.dtype(0),
                             [&]<class T>() { along_axis<T>(context, detail::log_softmax<T>); });
}

Tensor axis_sums(const GradientContext& context, const Tensor& x) {
  return reduce_sum(x, {.axis = context.attrs<SoftmaxArgs>().axis, .keepdims = true});
}

// With y the softmax: dx = (dy - sum(dy y)) y.
void softmax_gradient(GradientContext& context) {
  const Tensor& dy = context.output_gradient(0);
  const Tensor& y = context.output(0);
  context.set_input_gradient(0, (dy - axis_sums(context, dy * y)) * y);
}

// With y its logarithm: dx = dy - sum(dy) exp(y).
void log_softmax_gradient(GradientContext& context) {
  const Tensor& dy = context.output_gradient(0);
  context.set_input_gradient(0, dy - axis_sums(context, dy) * exp(context.output(0)));
}

}  // namespace

constinit const Op kSoftmax{.name = "Softmax",
                            .inputs = {{"logits"}},
                            .dtypes = kFloat32And64,
                            .gradient_reads = {.outputs = reads(0)},
                            .infer = infer_softmax,
                            .gradient = softmax_gradient,
                            .cpu = softmax_cpu,
                            .gpu = KEEN_GPU_KERNEL(softmax_gpu)};
KEEN_OP(kSoftmax);

constinit const Op kLogSoftmax{.name = "LogSoftmax",
                               .inputs = {{"logits"}},
                               .dtypes = kFloat32And64,
                               .gradient_reads = {.outputs = reads(0)},
                               .infer = infer_softmax,
                               .gradient = log_softmax_gradient,
                               .cpu = log_softmax_cpu,
                               .gpu = KEEN_GPU_KERNEL(log_softmax_gpu)};
KEEN_OP(kLogSoftmax);

}  // namespace op

Tensor nn::softmax(const Tensor& logits, const SoftmaxArgs& args) {
  return op::execute(op::kSoftmax, {logits}, args);
}

Tensor nn::log_softmax(const Tensor& logits, const SoftmaxArgs& args) {
  return op::execute(op::kLogSoftmax, {logits}, args);
}

}  // namespace keen
