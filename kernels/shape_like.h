// Shapes that ops take as an input, as TensorFlow's do.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "runtime/base/shape.h"
#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// Where a function takes a shape that may be computed: a Shape, a braced list, or a vector of int32
// or int64.
class ShapeLike {
 public:
  ShapeLike() : ShapeLike(Shape()) {}
  ShapeLike(std::initializer_list<std::int64_t> dims) : ShapeLike(Shape(dims)) {}  // NOLINT
  ShapeLike(const Shape& shape);                                                   // NOLINT
  ShapeLike(const Tensor& vector) : tensor_(vector) {}                             // NOLINT

  [[nodiscard]] const Tensor& tensor() const { return tensor_; }

 private:
  Tensor tensor_;
};

namespace detail {

// The shape that input i of the call holds; dimensions that are not known yet are -1.
// InvalidArgumentError unless the input is a vector of dimensions that are not negative.
[[nodiscard]] Shape shape_input(const op::InferContext& context, int i);

}  // namespace detail
}  // namespace keen
