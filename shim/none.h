// Python's None as an argument: "explicitly nothing", where leaving an argument out may mean
// something else.
#pragma once

#include <concepts>
#include <optional>
#include <utility>

namespace keen {

struct NoneType {
  friend constexpr bool operator==(NoneType, NoneType) { return true; }
};
inline constexpr NoneType None{};

// A value or None.
template <class T>
class OrNone {
 public:
  constexpr OrNone() = default;
  constexpr OrNone(NoneType) {}                                           // NOLINT
  constexpr OrNone(std::nullopt_t) {}                                     // NOLINT
  constexpr OrNone(std::optional<T> value) : value_(std::move(value)) {}  // NOLINT
  template <std::convertible_to<T> U>
  constexpr OrNone(U&& value) : value_(std::forward<U>(value)) {}  // NOLINT

  [[nodiscard]] constexpr bool has_value() const { return value_.has_value(); }
  [[nodiscard]] constexpr const T& operator*() const { return *value_; }
  [[nodiscard]] constexpr T value_or(const T& other) const { return value_.value_or(other); }

 private:
  std::optional<T> value_;
};

}  // namespace keen
