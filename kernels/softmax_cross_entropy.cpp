#include "kernels/softmax_cross_entropy.h"

#include <algorithm>
#include <string>

#include "kernels/broadcast_to.h"
#include "kernels/detail/axis_rows.h"
#include "kernels/detail/scratch.h"
#include "kernels/detail/softmax.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "kernels/reshape.h"
#include "kernels/softmax.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

// softmax_cross_entropy.cu
void softmax_cross_entropy_gpu(KernelContext& context);
void sparse_softmax_cross_entropy_gpu(KernelContext& context);

namespace {

// ---- Specs ----

Shape without(const Shape& shape, int axis) {
  if (!shape.has_rank()) return shape;
  const int at = axis < 0 ? axis + shape.rank() : axis;
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != at) result.push_back(shape.dim(i));
  }
  return result;
}

void check_axis(const InferContext& context, int axis) {
  const int rank = context.shape(0).rank();
  if (rank == 0) {
    throw InvalidArgumentError(
        text(context.op_name(), ": logits must have >= 1 dimension, got []"));
  }
  if (rank > 0 && (axis < -rank || axis >= rank)) {
    throw InvalidArgumentError(
        text(context.op_name(), ": axis ", axis, " is not in the range [", -rank, ", ", rank, ")"));
  }
}

void infer_dense(InferContext& context) {
  const int axis = context.attrs<SoftmaxCrossEntropyArgs>().axis;
  check_axis(context, axis);
  if (!context.shape(0).is_compatible_with(context.shape(1))) {
    throw InvalidArgumentError(
        text(context.op_name(), ": logits and labels must have the same shape: logits_size=",
             brackets(context.shape(0)), " labels_size=", brackets(context.shape(1))));
  }
  context.set_output(0, context.dtype(0), without(context.shape(0), axis));
  context.set_output(1, context.input(0));
}

void infer_sparse(InferContext& context) {
  check_axis(context, -1);
  const Shape& logits = context.shape(0);
  const Shape rows = without(logits, -1);
  if (!rows.is_compatible_with(context.shape(1))) {
    throw InvalidArgumentError(
        text(context.op_name(),
             ": logits and labels must have the same first dimensions, got logits shape ",
             brackets(logits), " and labels shape ", brackets(context.shape(1))));
  }
  if (logits.has_rank() && logits.dim(logits.rank() - 1) == 0) {
    throw InvalidArgumentError(text(context.op_name(),
                                    ": Must have at least one class, but got logits shape ",
                                    brackets(logits)));
  }
  context.set_output(0, context.dtype(0), rows);
  context.set_output(1, context.input(0));
}

// ---- Kernels ----

template <class T>
void dense_of(KernelContext& context) {
  auto& device = context.device_context();
  const detail::AxisRows rows(context.shape(0), context.attrs<SoftmaxCrossEntropyArgs>().axis);
  const detail::RowMatrix size{rows.rows(), rows.length};
  const T* features = context.in<T>(0);
  const T* labels = context.in<T>(1);
  T* loss = context.out<T>(0);
  T* gradient = context.out<T>(1);
  if (rows.inner == 1) {
    detail::cross_entropy(device, size, features, labels, loss, gradient);
    return;
  }
  const detail::Scratch memory = detail::scratch_of<T>(device, 3 * rows.size());
  T* x = memory.template data<T>();
  T* targets = x + rows.size();
  T* result = targets + rows.size();
  rows.gather(features, x);
  rows.gather(labels, targets);
  detail::cross_entropy(device, size, x, targets, loss, result);
  rows.scatter(result, gradient);
}

void dense_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    dense_of<float>(context);
  } else {
    dense_of<double>(context);
  }
}

// Throws for the smallest label if it is negative, else for the largest, as TensorFlow does.
template <class Label>
void check_labels(const KernelContext& context, const Label* labels, std::int64_t count,
                  std::int64_t classes) {
  if (count == 0) return;
  const auto [smallest, largest] = std::minmax_element(labels, labels + count);
  if (*smallest >= 0 && *largest < classes) return;
  std::string values;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(count, 32); ++i) {
    values += text(' ', labels[i]);
  }
  throw InvalidArgumentError(
      text(context.op_name(), ": Received a label value of ", *smallest < 0 ? *smallest : *largest,
           " which is outside the valid range of [0, ", classes, ").  Label values:", values));
}

void sparse_cpu(KernelContext& context) {
  const detail::RowMatrix size{context.output(0).shape.num_elements(), context.shape(0)[-1]};
  visit_dtype<std::int32_t, std::int64_t>(context.dtype(1), [&]<class Label>() {
    const Label* labels = context.in<Label>(1);
    check_labels(context, labels, size.rows, size.columns);
    visit_dtype<float, double>(context.dtype(0), [&]<class T>() {
      detail::sparse_cross_entropy(context.device_context(), size, context.in<T>(0), labels,
                                   context.out<T>(0), context.out<T>(1));
    });
  });
}

// ---- Gradients ----

// From the gradients of the loss and of the second output, which is softmax(logits) - labels.
Tensor logits_gradient(const GradientContext& context, int axis) {
  const Tensor& d_loss = context.output_gradient(0);
  const Tensor& d_backprop = context.output_gradient(1);
  Tensor result;
  if (d_loss.defined()) result = expand_dims(d_loss, axis) * context.output(1);
  if (!d_backprop.defined()) return result;
  const Tensor y = nn::softmax(context.input(0), {.axis = axis});
  const Tensor sums = reduce_sum(d_backprop * y, {.axis = axis, .keepdims = true});
  const Tensor second = (d_backprop - sums) * y;
  return result.defined() ? result + second : second;
}

Tensor labels_gradient(const GradientContext& context, int axis) {
  const Tensor& d_loss = context.output_gradient(0);
  const Tensor& d_backprop = context.output_gradient(1);
  Tensor result;
  if (d_loss.defined()) {
    result = expand_dims(d_loss, axis) * -nn::log_softmax(context.input(0), {.axis = axis});
  }
  if (!d_backprop.defined()) return result;
  return result.defined() ? result - d_backprop : -d_backprop;
}

void dense_gradient(GradientContext& context) {
  const int axis = context.attrs<SoftmaxCrossEntropyArgs>().axis;
  if (context.needs(0)) context.set_input_gradient(0, logits_gradient(context, axis));
  if (context.needs(1)) context.set_input_gradient(1, labels_gradient(context, axis));
}

void sparse_gradient(GradientContext& context) {
  if (context.needs(0)) context.set_input_gradient(0, logits_gradient(context, -1));
}

}  // namespace

constinit const Op kSoftmaxCrossEntropyWithLogits{
    .name = "SoftmaxCrossEntropyWithLogits",
    .inputs = {{"features"}, {"labels"}},
    .outputs = 2,
    .dtypes = kFloat32And64,
    .gradient_reads = {.inputs = reads(0), .outputs = reads(1)},
    .infer = infer_dense,
    .gradient = dense_gradient,
    .cpu = dense_cpu,
    .gpu = KEEN_GPU_KERNEL(softmax_cross_entropy_gpu)};
KEEN_OP(kSoftmaxCrossEntropyWithLogits);

constinit const Op kSparseSoftmaxCrossEntropyWithLogits{
    .name = "SparseSoftmaxCrossEntropyWithLogits",
    .inputs = {{"features"}, {.name = "labels", .types = kIndexTypes}},
    .outputs = 2,
    .dtypes = kFloat32And64,
    .gradient_reads = {.inputs = reads(0), .outputs = reads(1)},
    .infer = infer_sparse,
    .gradient = sparse_gradient,
    .cpu = sparse_cpu,
    .gpu = KEEN_GPU_KERNEL(sparse_softmax_cross_entropy_gpu)};
KEEN_OP(kSparseSoftmaxCrossEntropyWithLogits);

}  // namespace op

namespace nn {

Tensor softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits,
                                         const SoftmaxCrossEntropyArgs& args) {
  if (logits.shape() == labels.shape()) {
    return op::execute(op::kSoftmaxCrossEntropyWithLogits, {logits, labels}, args);
  }
  Shape both;
  if (!broadcast_shapes(logits.shape(), labels.shape(), &both)) {
    throw InvalidArgumentError(
        text("softmax_cross_entropy_with_logits: logits and labels must be broadcastable: "
             "logits_size=",
             brackets(logits.shape()), " labels_size=", brackets(labels.shape())));
  }
  return op::execute(op::kSoftmaxCrossEntropyWithLogits,
                     {broadcast_to(logits, both), broadcast_to(labels, both)}, args);
}

Tensor sparse_softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits) {
  const Shape& rows = labels.shape();
  const Shape& all = logits.shape();
  if (rows.has_rank() && all.has_rank() && rows.rank() != all.rank() - 1) {
    throw ValueError(
        text("sparse_softmax_cross_entropy_with_logits: `labels.shape.rank` must equal "
             "`logits.shape.rank - 1`. Received: labels.shape=",
             rows, " of rank ", rows.rank(), " and logits.shape=", all, " of rank ", all.rank()));
  }
  if (all.has_rank() &&
      !rows.is_compatible_with(Shape(all.dims().first(static_cast<std::size_t>(all.rank() - 1))))) {
    throw ValueError(
        text("sparse_softmax_cross_entropy_with_logits: `labels.shape` must equal "
             "`logits.shape` except for the last dimension. Received: labels.shape=",
             rows, " and logits.shape=", all));
  }
  return op::execute(op::kSparseSoftmaxCrossEntropyWithLogits, {logits, labels});
}

}  // namespace nn
}  // namespace keen
