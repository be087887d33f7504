// Variables by name (tf.compat.v1.get_variable).
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tensor/variable.h"
#include "shim/compat/v1/variable_like.h"
#include "shim/compat/v1/variable_scope.h"
#include "shim/none.h"
#include "shim/shape_arg.h"

namespace keen::compat::v1 {

// Names of collections, `{}` for none of them, None for the default. There are no collections
// outside of graphs: as in TensorFlow's shim they are accepted and mean nothing.
class Collections {
 public:
  Collections() = default;
  Collections(NoneType) {}                            // NOLINT
  Collections(std::initializer_list<const char*>) {}  // NOLINT
  explicit Collections(const std::vector<std::string>&) {}
};

struct GetVariableArgs {
  ShapeArg shape = None;
  // Of the scope if None: float32 unless it was set.
  OrNone<DType> dtype = None;
  // Of the scope if None, and without one glorot_uniform, or zeros for integers, bool and string.
  Initializer initializer = None;
  // Of the scope if None.
  Regularizer regularizer = None;
  // None: unless the variable is synchronised on reads.
  OrNone<bool> trainable = None;
  Collections collections = None;
  VariableSynchronization synchronization = VariableSynchronization::kAuto;
  VariableAggregation aggregation = VariableAggregation::kNone;
};

// The variable `name` of the current variable scope. Within a method that tracks TF1-style
// variables it is that of the method's object, made when it is first asked for; elsewhere every
// call makes a new one, as TensorFlow does in eager execution.
//
// ValueError for a shape or dtype other than that of the existing variable, a shape beside a tensor
// as initializer, or (in a function being traced) a new variable in a scope with reuse=true;
// TypeError for a new variable without a fully known shape.
[[nodiscard]] VariableLike get_variable(std::string_view name, const GetVariableArgs& args = {});

// The same with the shape as TensorFlow's second positional argument.
template <std::same_as<Shape> S>
[[nodiscard]] VariableLike get_variable(std::string_view name, const S& shape,
                                        GetVariableArgs args = {}) {
  args.shape = shape;
  return get_variable(name, args);
}

}  // namespace keen::compat::v1
