#include "kernels/reshape.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace {

using op::GradientContext;
using op::InferContext;

void pass_gradient(GradientContext& context) {
  const Tensor& gradient = context.output_gradient(0);
  context.set_input_gradient(0, reshape(gradient, context.shape(0)));
}

// ---- Reshape ----

struct ReshapeArgs {
  Shape shape;
};

// The one dimension that `shape` leaves open, from the input's number of elements.
Shape fill_open_dim(const Shape& shape, std::int64_t count) {
  std::int64_t known = 1;
  int open = -1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape.dim(i) >= 0) {
      known *= shape.dim(i);
    } else if (open >= 0) {
      throw InvalidArgumentError(
          text("Only one input size may be -1, not both ", open, " and ", i, " [Op:Reshape]"));
    } else {
      open = i;
    }
  }
  if (known == 0 && count != 0) {
    throw InvalidArgumentError(text("Reshape: a dimension of ", shape,
                                    " can't be inferred for a tensor with ", count, " values"));
  }
  if (known != 0 && count % known != 0) {
    throw InvalidArgumentError(text("Input to reshape is a tensor with ", count,
                                    " values, but the requested shape requires a multiple of ",
                                    known, " [Op:Reshape]"));
  }
  Shape result = shape;
  result.set_dim(open, known == 0 ? 0 : count / known);
  return result;
}

void infer_reshape(InferContext& context) {
  const Shape& shape = context.attrs<ReshapeArgs>().shape;
  const Shape& input = context.shape(0);
  if (!shape.has_rank()) throw InvalidArgumentError("Reshape: the shape is unknown");
  if (!input.is_fully_defined()) {
    context.set_output(0, context.dtype(0), shape);
    return;
  }
  const std::int64_t count = input.num_elements();
  if (!shape.is_fully_defined()) {
    context.set_output(0, context.dtype(0), fill_open_dim(shape, count));
    return;
  }
  if (shape.num_elements() != count) {
    throw InvalidArgumentError(text("Input to reshape is a tensor with ", count,
                                    " values, but the requested shape has ", shape.num_elements(),
                                    " [Op:Reshape]"));
  }
  context.set_output(0, context.dtype(0), shape);
}

constinit const op::Op kReshape{.name = "Reshape",
                                .inputs = {{"tensor"}},
                                .dtypes = kAllTypes,
                                .shares_input = true,
                                .infer = infer_reshape,
                                .gradient = pass_gradient};
KEEN_OP(kReshape);

// ---- ExpandDims ----

struct ExpandDimsArgs {
  std::int64_t axis = 0;
};

void infer_expand_dims(InferContext& context) {
  const std::int64_t axis = context.attrs<ExpandDimsArgs>().axis;
  const Shape& input = context.shape(0);
  const int rank = input.rank();
  if (axis < -rank - 1 || axis > rank) {
    throw InvalidArgumentError(text("Tried to expand dim index ", axis, " for tensor with ", rank,
                                    " dimensions. [Op:ExpandDims]"));
  }
  const std::int64_t at = axis < 0 ? axis + rank + 1 : axis;
  Shape result;
  for (int i = 0; i <= rank; ++i) {
    if (i == at) result.push_back(1);
    if (i < rank) result.push_back(input.dim(i));
  }
  context.set_output(0, context.dtype(0), result);
}

constinit const op::Op kExpandDims{.name = "ExpandDims",
                                   .inputs = {{"input"}},
                                   .dtypes = kAllTypes,
                                   .shares_input = true,
                                   .infer = infer_expand_dims,
                                   .gradient = pass_gradient};
KEEN_OP(kExpandDims);

// ---- Squeeze ----

struct SqueezeArgs {
  Ints axis;
};

void infer_squeeze(InferContext& context) {
  const Ints& axes = context.attrs<SqueezeArgs>().axis;
  const Shape& input = context.shape(0);
  const int rank = input.rank();
  std::uint32_t drop = 0;
  for (const std::int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      throw InvalidArgumentError(text("Tried to squeeze dim index ", axis, " for tensor with ",
                                      rank, " dimensions. [Op:Squeeze]"));
    }
    const int at = static_cast<int>(axis < 0 ? axis + rank : axis);
    if (input.dim(at) != 1) {
      throw InvalidArgumentError(text("Can not squeeze dim[", at,
                                      "], expected a dimension of 1, got ", input.dim(at),
                                      " [Op:Squeeze]"));
    }
    drop |= std::uint32_t{1} << at;
  }
  Shape result;
  for (int i = 0; i < rank; ++i) {
    const bool dropped = axes.empty() ? input.dim(i) == 1 : (drop >> i & 1U) != 0;
    if (!dropped) result.push_back(input.dim(i));
  }
  context.set_output(0, context.dtype(0), result);
}

constinit const op::Op kSqueeze{.name = "Squeeze",
                                .inputs = {{"input"}},
                                .dtypes = kAllTypes,
                                .shares_input = true,
                                .infer = infer_squeeze,
                                .gradient = pass_gradient};
KEEN_OP(kSqueeze);

}  // namespace

Tensor reshape(const Tensor& tensor, const Shape& shape) {
  return op::execute(kReshape, {tensor}, ReshapeArgs{.shape = shape});
}

Tensor expand_dims(const Tensor& input, std::int64_t axis) {
  return op::execute(kExpandDims, {input}, ExpandDimsArgs{.axis = axis});
}

Tensor squeeze(const Tensor& input, const Ints& axis) {
  return op::execute(kSqueeze, {input}, SqueezeArgs{.axis = axis});
}

}  // namespace keen
