#include "kernels/shape_like.h"

#include <cstdint>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {
namespace {

template <class T>
Shape shape_of(const char* op_name, std::span<const T> dims) {
  Shape shape;
  for (const T dim : dims) {
    if (dim < 0) {
      throw InvalidArgumentError(text(op_name, ": Dimension ", dim, " must be >= 0"));
    }
    shape.push_back(dim);
  }
  return shape;
}

}  // namespace

ShapeLike::ShapeLike(const Shape& shape)
    : tensor_(Tensor::from_memory(shape.dims().data(), shape.rank(), Shape{shape.rank()})) {}

namespace detail {

Shape shape_input(const op::InferContext& context, int i) {
  const Shape& vector = context.shape(i);
  if (vector.has_rank() && vector.rank() != 1) {
    throw InvalidArgumentError(text(context.op_name(),
                                    ": shape must be a vector of {int32,int64}, got shape ",
                                    brackets(vector)));
  }
  const Tensor* value = context.host_value(i);
  if (value == nullptr) {
    if (!vector.is_fully_defined()) {
      return Shape::unknown();
    }
    return Shape(std::vector<std::int64_t>(static_cast<std::size_t>(vector.dim(0)), -1));
  }
  if (value->dtype() == DType::kInt32) {
    return shape_of(context.op_name(), value->data<std::int32_t>());
  }
  return shape_of(context.op_name(), value->data<std::int64_t>());
}

}  // namespace detail
}  // namespace keen
