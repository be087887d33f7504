// Visits the fields of an aggregate in order, so that argument structs are compared, hashed and
// printed field by field without a word about it in the struct.
#pragma once

#include <cstddef>
#include <utility>

namespace keen {
namespace detail {

struct AnyField {
  template <class T>
  operator T() const;  // NOLINT: only ever named in unevaluated code
};

template <class T, std::size_t... I>
constexpr bool initializable(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), AnyField{})...}; };
}

inline constexpr std::size_t kMaxFields = 12;

template <class T, std::size_t N = kMaxFields>
constexpr std::size_t field_count() {
  if constexpr (N == 0) {
    return 0;
  } else if constexpr (initializable<T>(std::make_index_sequence<N>{})) {
    return N;
  } else {
    return field_count<T, N - 1>();
  }
}

}  // namespace detail

// Calls f(field) for each field of the aggregate `value`, at most twelve, in order of declaration.
template <class T, class F>
constexpr void for_each_field(const T& value, F&& f) {
  constexpr std::size_t kCount = detail::field_count<T>();
  const auto each = [&f](const auto&... fields) { (f(fields), ...); };
  if constexpr (kCount == 1) {
    const auto& [a] = value;
    each(a);
  } else if constexpr (kCount == 2) {
    const auto& [a, b] = value;
    each(a, b);
  } else if constexpr (kCount == 3) {
    const auto& [a, b, c] = value;
    each(a, b, c);
  } else if constexpr (kCount == 4) {
    const auto& [a, b, c, d] = value;
    each(a, b, c, d);
  } else if constexpr (kCount == 5) {
    const auto& [a, b, c, d, e] = value;
    each(a, b, c, d, e);
  } else if constexpr (kCount == 6) {
    const auto& [a, b, c, d, e, g] = value;
    each(a, b, c, d, e, g);
  } else if constexpr (kCount == 7) {
    const auto& [a, b, c, d, e, g, h] = value;
    each(a, b, c, d, e, g, h);
  } else if constexpr (kCount == 8) {
    const auto& [a, b, c, d, e, g, h, i] = value;
    each(a, b, c, d, e, g, h, i);
  } else if constexpr (kCount == 9) {
    const auto& [a, b, c, d, e, g, h, i, j] = value;
    each(a, b, c, d, e, g, h, i, j);
  } else if constexpr (kCount == 10) {
    const auto& [a, b, c, d, e, g, h, i, j, k] = value;
    each(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (kCount == 11) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l] = value;
    each(a, b, c, d, e, g, h, i, j, k, l);
  } else if constexpr (kCount == 12) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m] = value;
    each(a, b, c, d, e, g, h, i, j, k, l, m);
  }
}

}  // namespace keen
