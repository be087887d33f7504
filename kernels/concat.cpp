#include "kernels/concat.h"

#include <algorithm>

#include "kernels/broadcast_to.h"
#include "kernels/detail/concat.h"
#include "kernels/detail/host_ints.h"
#include "kernels/detail/strided_copy.h"
#include "kernels/reshape.h"
#include "kernels/slice.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {

void concat_gpu(op::KernelContext& context);  // concat.cu
void split_gpu(op::KernelContext& context);

namespace {

using detail::ConcatArgs;
using detail::Halves;
using detail::SplitArgs;

// ---- Concat ----

void infer_concat(op::InferContext& context) {
  if (context.input_count() == 0) throw InvalidArgumentError("ConcatV2: there must be an input");
  Shape result = context.shape(0);
  const int axis =
      detail::axis_of(context.attrs<ConcatArgs>().axis, result.rank(), context.op_name());
  std::int64_t size = result.dim(axis);
  for (int i = 1; i < context.input_count(); ++i) {
    const Shape& other = context.shape(i);
    bool fits = other.rank() == result.rank();
    for (int k = 0; fits && k < result.rank(); ++k) {
      fits = k == axis || other.dim(k) == result.dim(k);
    }
    if (!fits) {
      throw InvalidArgumentError(text(
          "ConcatOp : Dimension of inputs should match: shape[0] = ", brackets(context.shape(0)),
          " vs. shape[", i, "] = ", brackets(other), " [Op:ConcatV2]"));
    }
    size += other.dim(axis);
  }
  result.set_dim(axis, size);
  context.set_output(0, context.dtype(0), result);
}

void concat_cpu(op::KernelContext& context) {
  const Shape& output = context.output(0).shape;
  if (output.num_elements() == 0) return;
  const int axis =
      detail::axis_of(context.attrs<ConcatArgs>().axis, output.rank(), context.op_name());
  const std::size_t bytes = size_of(context.dtype(0));
  const std::int64_t line = Halves(output, axis).inner;
  auto* to = context.out<unsigned char>(0);
  for (int i = 0; i < context.input_count(); ++i) {
    const Halves part(context.shape(i), axis);
    detail::StridedCopy copy;
    copy.add(part.outer, part.inner, line);
    copy.add(part.inner, 1, 1);
    copy.run(context.device_context(), context.in<void>(i), to, bytes);
    to += part.inner * static_cast<std::int64_t>(bytes);
  }
}

void concat_gradient(op::GradientContext& context) {
  const Tensor& gradient = context.output_gradient(0);
  const int rank = gradient.rank();
  const int axis = detail::axis_of(context.attrs<ConcatArgs>().axis, rank, context.op_name());
  std::int64_t at = 0;
  for (int i = 0; i < context.input_count(); ++i) {
    const std::int64_t size = context.shape(i).dim(axis);
    if (context.needs(i)) {
      Ints begin;
      for (int k = 0; k < rank; ++k) begin.push_back(k == axis ? at : 0);
      context.set_input_gradient(i, slice(gradient, begin, Ints(context.shape(i).dims())));
    }
    at += size;
  }
}

constinit const op::Op kConcat{.name = "ConcatV2",
                               .inputs = {{.name = "values", .arity = op::Arity::kVariadic}},
                               .infer = infer_concat,
                               .gradient = concat_gradient,
                               .cpu = concat_cpu,
                               .gpu = KEEN_GPU_KERNEL(concat_gpu)};
KEEN_OP(kConcat);

// ---- Split ----

int split_count(const op::InferContext& context) {
  return static_cast<int>(context.attrs<SplitArgs>().num);
}

void infer_split(op::InferContext& context) {
  const auto& args = context.attrs<SplitArgs>();
  Shape part = context.shape(0);
  const int axis = detail::axis_of(args.axis, part.rank(), context.op_name());
  if (part.dim(axis) % args.num != 0) {
    throw InvalidArgumentError(
        text("Number of ways to split should evenly divide the split "
             "dimension, but got split_dim ",
             axis, " (size = ", part.dim(axis), ") and num_split ", args.num, " [Op:Split]"));
  }
  part.set_dim(axis, part.dim(axis) / args.num);
  for (int i = 0; i < context.output_count(); ++i) context.set_output(i, context.dtype(0), part);
}

void split_cpu(op::KernelContext& context) {
  const Shape& input = context.shape(0);
  if (input.num_elements() == 0) return;
  const int axis =
      detail::axis_of(context.attrs<SplitArgs>().axis, input.rank(), context.op_name());
  const std::size_t bytes = size_of(context.dtype(0));
  const std::int64_t line = Halves(input, axis).inner;
  const auto* from = context.in<unsigned char>(0);
  for (int i = 0; i < context.output_count(); ++i) {
    const Halves part(context.output(i).shape, axis);
    detail::StridedCopy copy;
    copy.add(part.outer, line, part.inner);
    copy.add(part.inner, 1, 1);
    copy.run(context.device_context(), from, context.out<void>(i), bytes);
    from += part.inner * static_cast<std::int64_t>(bytes);
  }
}

void split_gradient(op::GradientContext& context) {
  std::vector<Tensor> gradients;
  for (int i = 0; i < context.output_count(); ++i) {
    gradients.push_back(context.output_gradient_or_zeros(i));
  }
  context.set_input_gradient(0, concat(gradients, context.attrs<SplitArgs>().axis));
}

constinit const op::Op kSplit{.name = "Split",
                              .inputs = {{"value"}},
                              .output_count = split_count,
                              .infer = infer_split,
                              .gradient = split_gradient,
                              .cpu = split_cpu,
                              .gpu = KEEN_GPU_KERNEL(split_gpu)};
KEEN_OP(kSplit);

}  // namespace

Tensor concat(std::span<const Tensor> values, std::int64_t axis) {
  if (values.size() == 1) return values[0];
  return op::execute(kConcat, op::InputList(values), ConcatArgs{.axis = axis});
}

Tensor concat(std::initializer_list<Tensor> values, std::int64_t axis) {
  return concat(std::span<const Tensor>(values.begin(), values.size()), axis);
}

Tensor stack(std::span<const Tensor> values, std::int64_t axis) {
  if (values.empty()) throw ValueError("stack: values must be a list of at least one tensor");
  const std::int64_t at = axis < 0 ? axis + values[0].rank() + 1 : axis;
  std::vector<Tensor> expanded;
  for (const Tensor& value : values) {
    if (value.shape() != values[0].shape()) {
      throw InvalidArgumentError(
          text("Shapes of all inputs must match: values[0].shape = ", brackets(values[0].shape()),
               " != ", brackets(value.shape()), " [Op:Pack]"));
    }
    expanded.push_back(expand_dims(value, at));
  }
  return concat(expanded, at);
}

Tensor stack(std::initializer_list<Tensor> values, std::int64_t axis) {
  return stack(std::span<const Tensor>(values.begin(), values.size()), axis);
}

std::vector<Tensor> split(const Tensor& value, int num, std::int64_t axis) {
  if (num < 1) throw InvalidArgumentError(text("Split: num ", num, " must be at least 1"));
  op::Outputs parts = op::execute(kSplit, {value}, SplitArgs{.axis = axis, .num = num});
  return {parts.begin(), parts.end()};
}

std::vector<Tensor> split(const Tensor& value, const std::vector<std::int64_t>& sizes,
                          std::int64_t axis) {
  const int at = detail::axis_of(axis, value.rank(), "SplitV");
  const std::int64_t total = value.shape().dim(at);
  std::int64_t known = 0;
  std::int64_t open = 0;
  for (const std::int64_t size : sizes) (size < 0 ? open : known) += size < 0 ? 1 : size;
  if (open > 1 || known > total || (open == 0 && known != total)) {
    throw InvalidArgumentError(text("SplitV: Determined shape must match along dimension ", at,
                                    ": the sizes have ", known, " elements, the input ", total,
                                    " [Op:SplitV]"));
  }
  std::vector<Tensor> parts;
  std::int64_t from = 0;
  for (const std::int64_t size : sizes) {
    Ints begin;
    for (int k = 0; k < value.rank(); ++k) begin.push_back(k == at ? from : 0);
    Shape part = value.shape();
    part.set_dim(at, size < 0 ? total - known : size);
    parts.push_back(slice(value, begin, Ints(part.dims())));
    from += part.dim(at);
  }
  return parts;
}

std::vector<Tensor> unstack(const Tensor& value, std::int64_t axis) {
  const int at = detail::axis_of(axis, value.rank(), "Unpack");
  const std::int64_t count = value.shape().dim(at);
  std::vector<Tensor> parts;
  if (count == 0) return parts;
  for (const Tensor& part : split(value, static_cast<int>(count), at)) {
    parts.push_back(squeeze(part, {at}));
  }
  return parts;
}

Tensor tile(const Tensor& input, const Ints& multiples) {
  const Shape& shape = input.shape();
  if (multiples.size() != shape.rank()) {
    throw InvalidArgumentError(text("Expected multiples argument to be a vector of length ",
                                    shape.rank(), " but got length ", multiples.size(),
                                    " [Op:Tile]"));
  }
  Shape split_shape;
  Shape broadcast;
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (multiples[i] < 0) {
      throw InvalidArgumentError(
          text("Expected multiples[", i, "] >= 0, but got ", multiples[i], " [Op:Tile]"));
    }
    split_shape.push_back(1);
    split_shape.push_back(shape.dim(i));
    broadcast.push_back(multiples[i]);
    broadcast.push_back(shape.dim(i));
    result.push_back(multiples[i] * shape.dim(i));
  }
  return reshape(broadcast_to(reshape(input, split_shape), broadcast), result);
}

}  // namespace keen
