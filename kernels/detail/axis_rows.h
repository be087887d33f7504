// Any axis of a dense tensor as the rows of a matrix.
#pragma once

#include <cstdint>

#include "kernels/detail/host_ints.h"
#include "runtime/base/shape.h"
#include "runtime/op/op.h"

namespace keen::detail {

// A tensor as [outer, length, inner], the axis in the middle. With inner = 1 it is already a matrix
// whose rows run along the axis.
struct AxisRows {
  // `axis` lies in [-rank, rank).
  AxisRows(const Shape& shape, int axis) {
    const int at = axis < 0 ? axis + shape.rank() : axis;
    for (int i = 0; i < at; ++i) outer *= shape.dim(i);
    length = shape.dim(at);
    for (int i = at + 1; i < shape.rank(); ++i) inner *= shape.dim(i);
  }
  [[nodiscard]] std::int64_t rows() const { return outer * inner; }
  [[nodiscard]] std::int64_t size() const { return outer * length * inner; }

  // Copies the tensor to [outer * inner, length], and such a matrix back.
  template <class T>
  void gather(const T* tensor, T* matrix) const {
    each([&](std::int64_t at, std::int64_t row_at) { matrix[row_at] = tensor[at]; });
  }
  template <class T>
  void scatter(const T* matrix, T* tensor) const {
    each([&](std::int64_t at, std::int64_t row_at) { tensor[at] = matrix[row_at]; });
  }

  std::int64_t outer = 1;
  std::int64_t length = 1;
  std::int64_t inner = 1;

 private:
  template <class Copy>
  void each(Copy&& copy) const {
    std::int64_t at = 0;
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t l = 0; l < length; ++l) {
        for (std::int64_t i = 0; i < inner; ++i) copy(at++, (o * inner + i) * length + l);
      }
    }
  }
};

// Of the first input of an op. InvalidArgumentError where it has no such axis.
[[nodiscard]] inline AxisRows axis_rows(const op::KernelContext& context, std::int64_t axis) {
  const Shape& shape = context.shape(0);
  return {shape, axis_of(axis, shape.rank(), context.op_name())};
}

}  // namespace keen::detail
