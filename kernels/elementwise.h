// Elementwise ops (tf.math) with NumPy's broadcasting, and the operators of tensors.
//
// Dtypes of inputs must agree: nothing is promoted (InvalidArgumentError "cannot compute AddV2 as
// input #1(zero-based) was expected to be …"). Shapes that don't broadcast are an
// InvalidArgumentError "Incompatible shapes: [2,3] vs. [2,4] [Op:AddV2]". Results have the dtype of
// the inputs unless stated; an op that lacks the dtype is an InvalidArgumentError too. Integers
// wrap around.
#pragma once

#include <concepts>
#include <cstdint>

#include "runtime/base/dtype.h"
#include "runtime/op/device_number.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// ---- Arithmetic ----

[[nodiscard]] Tensor add(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor subtract(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor multiply(const Tensor& x, const Tensor& y);
// True division, as Python's `/`: 8 and 16 bit integers give float32, wider ones float64.
[[nodiscard]] Tensor divide(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor truediv(const Tensor& x, const Tensor& y);
// 0 where y is 0. Floating dtypes.
[[nodiscard]] Tensor divide_no_nan(const Tensor& x, const Tensor& y);
// Python's `//` and `%`. InvalidArgumentError "Integer division by zero".
[[nodiscard]] Tensor floordiv(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor floormod(const Tensor& x, const Tensor& y);
// C's `/`: towards zero; integers only.
[[nodiscard]] Tensor truncatediv(const Tensor& x, const Tensor& y);
// nan where either is nan; at ties the whole gradient goes to x.
[[nodiscard]] Tensor maximum(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor minimum(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor squared_difference(const Tensor& x, const Tensor& y);
// InvalidArgumentError for a negative exponent of integers; on a GPU, where nobody looks, 1.
[[nodiscard]] Tensor pow(const Tensor& x, const Tensor& y);

// ---- Comparisons and logic: bool results ----

[[nodiscard]] Tensor equal(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor not_equal(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor less(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor less_equal(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor greater(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor greater_equal(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor logical_and(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor logical_or(const Tensor& x, const Tensor& y);
[[nodiscard]] Tensor logical_not(const Tensor& x);
[[nodiscard]] Tensor is_nan(const Tensor& x);
[[nodiscard]] Tensor is_inf(const Tensor& x);
[[nodiscard]] Tensor is_finite(const Tensor& x);

// ---- Functions of one number; floating dtypes unless they make sense for integers ----

[[nodiscard]] Tensor negative(const Tensor& x);
[[nodiscard]] Tensor abs(const Tensor& x);
[[nodiscard]] Tensor sign(const Tensor& x);
[[nodiscard]] Tensor square(const Tensor& x);
[[nodiscard]] Tensor reciprocal(const Tensor& x);
[[nodiscard]] Tensor sqrt(const Tensor& x);
[[nodiscard]] Tensor rsqrt(const Tensor& x);
[[nodiscard]] Tensor floor(const Tensor& x);
[[nodiscard]] Tensor ceil(const Tensor& x);
// To the nearest integer, halves to the even one.
[[nodiscard]] Tensor round(const Tensor& x);
[[nodiscard]] Tensor exp(const Tensor& x);
[[nodiscard]] Tensor expm1(const Tensor& x);
[[nodiscard]] Tensor log(const Tensor& x);
[[nodiscard]] Tensor log1p(const Tensor& x);
[[nodiscard]] Tensor sin(const Tensor& x);
[[nodiscard]] Tensor cos(const Tensor& x);
[[nodiscard]] Tensor erf(const Tensor& x);
[[nodiscard]] Tensor tanh(const Tensor& x);
[[nodiscard]] Tensor sigmoid(const Tensor& x);

// ---- Others ----

// Another dtype: numbers are cut towards zero and wrap, nonzero is true; the tensor itself if it
// has the dtype.
[[nodiscard]] Tensor cast(const Tensor& x, DType dtype);
// x where the condition (bool) is true, else y; all three broadcast (tf.where).
[[nodiscard]] Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y);
// The same elements; no gradient flows back.
[[nodiscard]] Tensor stop_gradient(const Tensor& input);
[[nodiscard]] Tensor clip_by_value(const Tensor& t, const Tensor& clip_value_min,
                                   const Tensor& clip_value_max);
[[nodiscard]] Tensor clip_by_value(const Tensor& t, double clip_value_min, double clip_value_max);

// ---- Operators ----

// A C++ number beside a tensor takes the tensor's dtype, as Python's numbers do: TypeError for a
// fraction beside integers. A Variable stands where a Tensor does.
template <class T>
concept Number = (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>;

namespace detail {
template <Number T>
[[nodiscard]] Tensor number_like(T value, const Tensor& tensor) {
  if constexpr (std::integral<T>) {
    return on_device_of(tensor, scalar_like(static_cast<std::int64_t>(value), tensor.dtype()));
  } else {
    return on_device_of(tensor, scalar_like(static_cast<double>(value), tensor.dtype()));
  }
}
}  // namespace detail

[[nodiscard]] inline Tensor operator-(const Tensor& x) { return negative(x); }

#define KEEN_TENSOR_OPERATOR(sign, function)                                    \
  [[nodiscard]] inline Tensor operator sign(const Tensor& x, const Tensor& y) { \
    return function(x, y);                                                      \
  }                                                                             \
  template <Number T>                                                           \
  [[nodiscard]] Tensor operator sign(const Tensor& x, T y) {                    \
    return function(x, detail::number_like(y, x));                              \
  }                                                                             \
  template <Number T>                                                           \
  [[nodiscard]] Tensor operator sign(T x, const Tensor& y) {                    \
    return function(detail::number_like(x, y), y);                              \
  }

KEEN_TENSOR_OPERATOR(+, add)
KEEN_TENSOR_OPERATOR(-, subtract)
KEEN_TENSOR_OPERATOR(*, multiply)
KEEN_TENSOR_OPERATOR(/, divide)
KEEN_TENSOR_OPERATOR(%, floormod)
KEEN_TENSOR_OPERATOR(==, equal)
KEEN_TENSOR_OPERATOR(!=, not_equal)
KEEN_TENSOR_OPERATOR(<, less)
KEEN_TENSOR_OPERATOR(<=, less_equal)
KEEN_TENSOR_OPERATOR(>, greater)
KEEN_TENSOR_OPERATOR(>=, greater_equal)
#undef KEEN_TENSOR_OPERATOR

}  // namespace keen
