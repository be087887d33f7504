// Arguments of an op as the funnel, tapes and traces carry them.
//
// An argument struct (`Conv2DArgs`) is an aggregate at namespace scope, trivially copyable, at most
// 128 bytes and twelve fields, every field defaulted, in the order of TensorFlow's Python function.
// AttrsView points at one with its type erased; Attrs owns a copy.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "runtime/base/dtype.h"
#include "runtime/base/fields.h"
#include "runtime/base/ints.h"
#include "runtime/base/shape.h"
#include "runtime/base/text.h"

namespace keen {

inline constexpr std::size_t kMaxAttrsBytes = 128;

template <class T>
concept AttrsStruct = std::is_aggregate_v<T> && std::is_trivially_copyable_v<T> &&
                      std::default_initializable<T> && sizeof(T) <= kMaxAttrsBytes;

namespace detail {

inline std::size_t mix_hash(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9E3779B97F4A7C15ULL + (seed << 6) + (seed >> 2));
}

template <class T>
bool fields_equal(const T& a, const T& b) {
  if constexpr (std::floating_point<T>) {
    // Bitwise, so that nan equals itself and the two zeros differ: what a cache key needs.
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    return std::memcmp(&a, &b, sizeof a) == 0;
  } else if constexpr (AttrsStruct<T> && !requires { a == b; }) {
    const void* other[kMaxFields] = {};
    int n = 0;
    for_each_field(b, [&](const auto& field) { other[n++] = &field; });
    n = 0;
    bool equal = true;
    for_each_field(a, [&]<class F>(const F& field) {
      equal = equal && fields_equal(field, *static_cast<const F*>(other[n++]));
    });
    return equal;
  } else {
    return a == b;
  }
}

template <class T>
std::size_t field_hash(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return static_cast<std::size_t>(value);
  } else if constexpr (std::integral<T>) {
    return static_cast<std::size_t>(value);
  } else if constexpr (std::same_as<T, float>) {
    return std::bit_cast<std::uint32_t>(value);
  } else if constexpr (std::same_as<T, double>) {
    return std::bit_cast<std::uint64_t>(value);
  } else if constexpr (std::same_as<T, Shape>) {
    return value.hash();
  } else if constexpr (requires { value.begin(); }) {
    std::size_t seed = 17;
    for (const auto& item : value) seed = mix_hash(seed, field_hash(item));
    return seed;
  } else {
    std::size_t seed = 29;
    for_each_field(value, [&](const auto& field) { seed = mix_hash(seed, field_hash(field)); });
    return seed;
  }
}

template <class T>
void print_field(std::string& out, const T& value) {
  if constexpr (requires { append_text(out, value); } && !std::is_enum_v<T>) {
    append_text(out, value);
  } else if constexpr (std::same_as<T, DType>) {
    append_text(out, value);
  } else if constexpr (std::is_enum_v<T>) {
    append_text(out, static_cast<std::int64_t>(value));
  } else if constexpr (requires { value.begin(); }) {
    out += '[';
    for (const auto& item : value) {
      if (out.back() != '[') out += ", ";
      print_field(out, item);
    }
    out += ']';
  } else {
    out += '{';
    for_each_field(value, [&](const auto& field) {
      if (out.back() != '{') out += ", ";
      print_field(out, field);
    });
    out += '}';
  }
}

}  // namespace detail

struct AttrsType {
  std::uint32_t size;
  bool (*equal)(const void*, const void*);
  std::size_t (*hash)(const void*);
  void (*print)(std::string&, const void*);
};

template <AttrsStruct T>
inline constexpr AttrsType kAttrsType = {
    .size = std::is_empty_v<T> ? 0 : sizeof(T),
    .equal =
        [](const void* a, const void* b) {
          return detail::fields_equal(*static_cast<const T*>(a), *static_cast<const T*>(b));
        },
    .hash = [](const void* a) { return detail::field_hash(*static_cast<const T*>(a)); },
    .print = [](std::string& out,
                const void* a) { detail::print_field(out, *static_cast<const T*>(a)); },
};

// The arguments of an op that has none.
struct NoAttrs {};

class AttrsView {
 public:
  AttrsView() : AttrsView(kNone) {}
  // Points at `value`, which must outlive the view.
  template <AttrsStruct T>
  AttrsView(const T& value) : data_(&value), type_(&kAttrsType<T>) {}  // NOLINT
  AttrsView(const void* data, const AttrsType* type) : data_(data), type_(type) {}

  // The struct; T must be the type it was made from.
  template <AttrsStruct T>
  [[nodiscard]] const T& as() const {
    return *static_cast<const T*>(data_);
  }
  [[nodiscard]] const void* data() const { return data_; }
  [[nodiscard]] const AttrsType* type() const { return type_; }
  [[nodiscard]] std::size_t hash() const { return type_->size == 0 ? 0 : type_->hash(data_); }
  friend bool operator==(const AttrsView& a, const AttrsView& b) {
    return a.type_ == b.type_ && (a.type_->size == 0 || a.type_->equal(a.data_, b.data_));
  }

 private:
  static constexpr NoAttrs kNone{};
  const void* data_;
  const AttrsType* type_;
};

// "{[2, 2], 1, true}". A template, so that an argument struct is not taken for a view of itself.
template <std::same_as<AttrsView> View>
void append_text(std::string& out, const View& attrs) {
  attrs.type()->print(out, attrs.data());
}

// An owned copy of an argument struct.
class Attrs {
 public:
  Attrs() = default;
  explicit Attrs(AttrsView view) : type_(view.type()) {
    std::memcpy(data_, view.data(), type_->size);
  }
  [[nodiscard]] AttrsView view() const { return {data_, type_}; }

 private:
  const AttrsType* type_ = &kAttrsType<NoAttrs>;
  alignas(8) unsigned char data_[kMaxAttrsBytes];
};

}  // namespace keen
