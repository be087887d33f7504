#include "runtime/tensor/constant.h"

#include <cmath>
#include <limits>

namespace keen {
namespace {

template <class T, class Wide>
T convert(Wide value, DType dtype) {
  if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    if constexpr (std::floating_point<Wide>) {
      if (value != std::floor(value)) {
        throw TypeError(text("Cannot convert ", value, " to EagerTensor of dtype ", dtype));
      }
      // 2^63 and beyond would be undefined to convert.
      if (!(value >= -0x1p63 && value < 0x1p63)) {
        throw InvalidArgumentError(text("constant: ", value, " does not fit ", dtype));
      }
    }
    const auto whole = static_cast<std::int64_t>(value);
    if (whole < static_cast<std::int64_t>(std::numeric_limits<T>::min()) ||
        whole > static_cast<std::int64_t>(std::numeric_limits<T>::max())) {
      throw InvalidArgumentError(text("constant: ", whole, " does not fit ", dtype));
    }
    return static_cast<T>(whole);
  } else if constexpr (std::same_as<T, half> || std::same_as<T, bfloat16>) {
    return T(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

template <class Wide>
Tensor of_literals(const Wide* values, std::size_t count, const Shape& shape, DType dtype) {
  Tensor result;
  const auto fill = [&]<class T>() {
    result = detail::empty_tensor({dtype, shape}, cpu());
    auto* to = static_cast<T*>(result.impl().buffer->data());
    for (std::size_t i = 0; i < count; ++i) to[i] = convert<T>(values[i], dtype);
  };
  if (!visit_dtype<float, double, half, bfloat16, std::int8_t, std::int16_t, std::int32_t,
                   std::int64_t, std::uint8_t, bool>(dtype, fill)) {
    throw TypeError(text("constant: numbers can't make a tensor of dtype ", dtype));
  }
  return result;
}

}  // namespace

Tensor detail::tensor_of_literals(const double* values, std::size_t count, const Shape& shape,
                                  DType dtype) {
  return of_literals(values, count, shape, dtype);
}

Tensor detail::tensor_of_literals(const std::int64_t* values, std::size_t count, const Shape& shape,
                                  DType dtype) {
  return of_literals(values, count, shape, dtype);
}

Tensor scalar_like(double value, DType dtype) { return of_literals(&value, 1, Shape(), dtype); }

Tensor scalar_like(std::int64_t value, DType dtype) {
  return of_literals(&value, 1, Shape(), dtype);
}

}  // namespace keen
