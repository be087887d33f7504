// Parameters of a distribution: bounds, mean, standard deviation.
#pragma once

#include <concepts>
#include <cstdint>
#include <variant>

#include "runtime/base/dtype.h"
#include "runtime/tensor/tensor.h"

namespace keen::random {

namespace detail {

template <class T>
concept WholeNumber = std::integral<T> && !std::same_as<T, bool>;

}  // namespace detail

// A number, a tensor, or nothing (Python's None).
class Parameter {
 public:
  Parameter() = default;
  template <detail::WholeNumber T>
  Parameter(T value) : value_(static_cast<std::int64_t>(value)) {}  // NOLINT
  template <std::floating_point T>
  Parameter(T value) : value_(static_cast<double>(value)) {}  // NOLINT
  Parameter(const Tensor& value) : value_(value) {}           // NOLINT

  [[nodiscard]] bool given() const { return !std::holds_alternative<std::monostate>(value_); }
  // Whether it is that whole number, and not a fraction or a tensor that is equal to it.
  [[nodiscard]] bool is(std::int64_t number) const {
    const auto* value = std::get_if<std::int64_t>(&value_);
    return value != nullptr && *value == number;
  }
  // As a tensor of that type. `api` and `name` say in errors whose parameter it is: ValueError for
  // none, or for a tensor of another type; TypeError for a fraction where dtype is an integer type.
  [[nodiscard]] Tensor tensor(DType dtype, const char* api, const char* name) const;

 private:
  std::variant<std::monostate, std::int64_t, double, Tensor> value_;
};

}  // namespace keen::random
