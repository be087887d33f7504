// What get_variable gives.
#pragma once

#include <utility>

#include "runtime/base/spec.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::compat::v1 {

// A variable, or the tensor that stands for one; either may be used where an op takes a tensor.
class VariableLike {
 public:
  VariableLike(Variable variable) : variable_(std::move(variable)) {}  // NOLINT
  VariableLike(Tensor tensor) : tensor_(std::move(tensor)) {}          // NOLINT

  // The current value: a variable is read.
  [[nodiscard]] Tensor value() const { return is_variable() ? variable_.value() : tensor_; }
  operator Tensor() const { return value(); }  // NOLINT

  [[nodiscard]] bool is_variable() const { return variable_.defined(); }
  // TypeError for a tensor.
  [[nodiscard]] const Variable& variable() const;

  [[nodiscard]] const TensorSpec& spec() const;
  [[nodiscard]] DType dtype() const { return spec().dtype; }
  [[nodiscard]] const Shape& shape() const { return spec().shape; }

 private:
  // One of the two is defined.
  Variable variable_;
  Tensor tensor_;
};

}  // namespace keen::compat::v1
