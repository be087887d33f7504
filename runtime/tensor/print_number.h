// Decimal digits of numbers as NumPy prints them: the fewest that name the value in its own type.
#pragma once

#include <string>

#include "runtime/base/dtype.h"

namespace keen::detail {

// A number cut into the texts of its parts; the sign stands before `whole`.
struct Decimal {
  std::string whole = {};
  std::string fraction = {};  // without trailing zeros
  int exponent = 0;           // of ten; for scientific()
};

// In both, `value` is a finite number of float32, float64 or float16, and digits after the point
// are rounded to `precision` where the fewest are more; negative: never.
[[nodiscard]] Decimal positional(double value, DType dtype, int precision);
[[nodiscard]] Decimal scientific(double value, DType dtype, int precision);
// "-05": at least two digits.
[[nodiscard]] std::string exponent_text(int exponent);

// As Python prints one number of that dtype: "1.0", "1e-05", "nan".
[[nodiscard]] std::string python_number(double value, DType dtype);

}  // namespace keen::detail
