// Tensors from values (tf.constant).
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/ints.h"
#include "runtime/base/text.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct ConstantArgs {
  // Unset: that of the values, where C++'s `double` literals mean float32, as Python's floats do in
  // TensorFlow; vectors keep their exact type.
  std::optional<DType> dtype;
};

namespace detail {

// Numbers that a literal may have.
template <class T>
concept Literal = std::integral<T> || std::floating_point<T> || std::same_as<T, half> ||
    std::same_as<T, bfloat16>;

template <class T>
constexpr DType literal_dtype() {
  if constexpr (std::same_as<T, double>) {
    return DType::kFloat32;
  } else if constexpr (std::same_as<T, long> || std::same_as<T, long long>) {
    return DType::kInt64;
  } else {
    return DTypeOf<T>::value;
  }
}

// Converts; InvalidArgumentError where an integer type can't hold a value.
[[nodiscard]] Tensor tensor_of_literals(const double* values, std::size_t count, const Shape& shape,
                                        DType dtype);
[[nodiscard]] Tensor tensor_of_literals(const std::int64_t* values, std::size_t count,
                                        const Shape& shape, DType dtype);

// Gathers nested lists and checks that they are rectangular.
template <Literal T>
struct Collector {
  using Wide = std::conditional_t<std::integral<T>, std::int64_t, double>;
  std::vector<Wide> values;
  Ints dims;

  void add(const T& value, int) { values.push_back(static_cast<Wide>(value)); }
  template <class U>
  void add(const std::initializer_list<U>& list, int depth) {
    const auto size = static_cast<std::int64_t>(list.size());
    if (dims.size() == depth) {
      dims.push_back(size);
    } else if (dims[depth] != size) {
      throw ValueError(text("constant: can't convert a non-rectangular list: sizes ", dims[depth],
                            " and ", size, " in dimension ", depth));
    }
    for (const U& item : list) add(item, depth + 1);
  }
  [[nodiscard]] Tensor tensor(const ConstantArgs& args) const {
    return tensor_of_literals(values.data(), values.size(), Shape(dims.span()),
                              args.dtype.value_or(literal_dtype<T>()));
  }
};

template <Literal T, class List>
Tensor constant_of(const List& list, const ConstantArgs& args) {
  Collector<T> collector;
  collector.add(list, 0);
  return collector.tensor(args);
}

}  // namespace detail

// constant(1.5) is a float32 scalar, constant({{1, 2}, {3, 4}}) an int32 matrix; up to four levels.
template <detail::Literal T>
[[nodiscard]] Tensor constant(T value, const ConstantArgs& args = {}) {
  return detail::constant_of<T>(value, args);
}
template <detail::Literal T>
[[nodiscard]] Tensor constant(std::initializer_list<T> values, const ConstantArgs& args = {}) {
  return detail::constant_of<T>(values, args);
}
template <detail::Literal T>
[[nodiscard]] Tensor constant(std::initializer_list<std::initializer_list<T>> values,
                              const ConstantArgs& args = {}) {
  return detail::constant_of<T>(values, args);
}
template <detail::Literal T>
[[nodiscard]] Tensor constant(
    std::initializer_list<std::initializer_list<std::initializer_list<T>>> values,
    const ConstantArgs& args = {}) {
  return detail::constant_of<T>(values, args);
}
template <detail::Literal T>
[[nodiscard]] Tensor constant(
    std::initializer_list<std::initializer_list<std::initializer_list<std::initializer_list<T>>>>
        values,
    const ConstantArgs& args = {}) {
  return detail::constant_of<T>(values, args);
}
// Rank 1 with the vector's exact element type.
template <Element T>
[[nodiscard]] Tensor constant(const std::vector<T>& values) {
  return Tensor::from_vector(values);
}
template <Element T>
[[nodiscard]] Tensor constant(const std::vector<T>& values, const Shape& shape) {
  return Tensor::from_vector(values, shape);
}
[[nodiscard]] inline Tensor constant(const char* value) {
  return Tensor::scalar<std::string>(value);
}
[[nodiscard]] inline Tensor constant(const std::string& value) { return Tensor::scalar(value); }

// A scalar of that dtype, as a Python number becomes one beside a tensor. TypeError for a fraction
// beside integers, as in TensorFlow.
[[nodiscard]] Tensor scalar_like(double value, DType dtype);
[[nodiscard]] Tensor scalar_like(std::int64_t value, DType dtype);

}  // namespace keen
