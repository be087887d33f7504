#include "kernels/random_parameter.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/constant.h"

namespace keen::random {

Tensor Parameter::tensor(DType dtype, const char* api, const char* name) const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) {
    return scalar_like(*number, dtype);
  }
  if (const auto* number = std::get_if<double>(&value_)) {
    if (is_integer(dtype)) {
      throw TypeError(text(api, ": `", name, "`: Cannot convert ", *number,
                           " to EagerTensor of dtype ", dtype));
    }
    return scalar_like(*number, dtype);
  }
  const auto* given = std::get_if<Tensor>(&value_);
  if (given == nullptr) {
    throw ValueError(text(api, ": `", name, "` must not be None for dtype ", dtype));
  }
  if (given->dtype() != dtype) {
    throw ValueError(text(api, ": `", name, "`: Tensor conversion requested dtype ", dtype,
                          " for Tensor with dtype ", given->dtype()));
  }
  return *given;
}

}  // namespace keen::random
