// A shape as an argument: absent, or known.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "runtime/base/shape.h"
#include "shim/none.h"

namespace keen {

// `{}` is the scalar's shape, `{3, 4}` a matrix's, `None` no shape. -1 is an unknown dimension.
class ShapeArg {
 public:
  ShapeArg() = default;
  ShapeArg(std::initializer_list<std::int64_t> dims) : shape_(dims) {}          // NOLINT
  ShapeArg(const Shape& shape) : shape_(shape) {}                               // NOLINT
  ShapeArg(const std::vector<std::int64_t>& dims) : shape_(std::span(dims)) {}  // NOLINT
  ShapeArg(NoneType) : shape_(Shape::unknown()) {}                              // NOLINT

  [[nodiscard]] bool given() const { return shape_.has_rank(); }
  // Of unknown rank where no shape was given.
  [[nodiscard]] const Shape& get() const { return shape_; }

 private:
  Shape shape_;
};

}  // namespace keen
