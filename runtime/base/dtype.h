// Element types of tensors (tf.DType).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/base/half.h"

namespace keen {

enum class DType : std::uint8_t {
  kInvalid,
  kFloat32,
  kFloat64,
  kFloat16,
  kBFloat16,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kBool,
  kString,  // host values only
};

inline constexpr DType float32 = DType::kFloat32;
inline constexpr DType float64 = DType::kFloat64;
inline constexpr DType float16 = DType::kFloat16;
inline constexpr DType int8 = DType::kInt8;
inline constexpr DType int16 = DType::kInt16;
inline constexpr DType int32 = DType::kInt32;
inline constexpr DType int64 = DType::kInt64;
inline constexpr DType uint8 = DType::kUInt8;

// TensorFlow's name: "float32", "bool", …
[[nodiscard]] const char* name_of(DType dtype) noexcept;
// As TensorFlow's kernels spell it in errors: "float", "double", "half", "int32", …
[[nodiscard]] const char* kernel_name_of(DType dtype) noexcept;
// The type of that name ("float32" or "float"); ValueError if there is none.
[[nodiscard]] DType dtype_from_name(const std::string& name);
void append_text(std::string& out, DType dtype);

// Bytes of one element; for kString those of std::string.
[[nodiscard]] constexpr std::size_t size_of(DType dtype) noexcept {
  constexpr std::size_t kSizes[] = {0, 4, 8, 2, 2, 1, 2, 4, 8, 1, 1, sizeof(std::string)};
  return kSizes[static_cast<int>(dtype)];
}

// A set of element types, as rows of ops state them.
using DTypeSet = std::uint32_t;

[[nodiscard]] constexpr DTypeSet set_of(DType dtype) {
  return DTypeSet{1} << static_cast<int>(dtype);
}
template <class... Types>
[[nodiscard]] constexpr DTypeSet set_of(DType first, Types... rest) {
  return set_of(first) | set_of(rest...);
}
[[nodiscard]] constexpr bool contains(DTypeSet set, DType dtype) {
  return (set & set_of(dtype)) != 0;
}

inline constexpr DTypeSet kFloat32And64 = set_of(DType::kFloat32, DType::kFloat64);
inline constexpr DTypeSet kFloatingTypes =
    kFloat32And64 | set_of(DType::kFloat16, DType::kBFloat16);
inline constexpr DTypeSet kIntegerTypes =
    set_of(DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64, DType::kUInt8);
inline constexpr DTypeSet kNumericTypes = kFloatingTypes | kIntegerTypes;
inline constexpr DTypeSet kFixedSizeTypes = kNumericTypes | set_of(DType::kBool);
inline constexpr DTypeSet kAllTypes = kFixedSizeTypes | set_of(DType::kString);
inline constexpr DTypeSet kIndexTypes = set_of(DType::kInt32, DType::kInt64);

[[nodiscard]] constexpr bool is_floating(DType dtype) { return contains(kFloatingTypes, dtype); }
[[nodiscard]] constexpr bool is_integer(DType dtype) { return contains(kIntegerTypes, dtype); }

// DTypeOf<T>::value is the element type of C++ type T.
template <class T>
struct DTypeOf;
template <DType D>
struct DTypeConstant {
  static constexpr DType value = D;
};
template <>
struct DTypeOf<float> : DTypeConstant<DType::kFloat32> {};
template <>
struct DTypeOf<double> : DTypeConstant<DType::kFloat64> {};
template <>
struct DTypeOf<half> : DTypeConstant<DType::kFloat16> {};
template <>
struct DTypeOf<bfloat16> : DTypeConstant<DType::kBFloat16> {};
template <>
struct DTypeOf<std::int8_t> : DTypeConstant<DType::kInt8> {};
template <>
struct DTypeOf<std::int16_t> : DTypeConstant<DType::kInt16> {};
template <>
struct DTypeOf<std::int32_t> : DTypeConstant<DType::kInt32> {};
template <>
struct DTypeOf<std::int64_t> : DTypeConstant<DType::kInt64> {};
template <>
struct DTypeOf<std::uint8_t> : DTypeConstant<DType::kUInt8> {};
template <>
struct DTypeOf<bool> : DTypeConstant<DType::kBool> {};
template <>
struct DTypeOf<std::string> : DTypeConstant<DType::kString> {};

template <class T>
concept Element = requires {
  DTypeOf<T>::value;
};

// A number as an element of type T.
template <Element T>
[[nodiscard]] constexpr T element_of(double value) {
  if constexpr (sizeof(T) == 2 && DTypeOf<T>::value != DType::kInt16) {
    return T(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

// Calls f.template operator()<T>() for the C++ type of `dtype` among Types...; answers whether the
// type was among them. visit_dtype<float, double>(dtype, [&]<class T>() { … });
template <class... Types, class F>
bool visit_dtype(DType dtype, F&& f) {
  return ((DTypeOf<Types>::value == dtype ? (f.template operator()<Types>(), true) : false) || ...);
}

}  // namespace keen
