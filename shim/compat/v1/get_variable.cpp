#include "shim/compat/v1/get_variable.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/scope_state.h"
#include "shim/compat/v1/variable_store.h"

namespace keen::compat::v1 {
namespace {

using detail::ScopeData;
using detail::ScopeNode;
using detail::ScopeState;

// Arguments that contradict each other.
void check_value(const GetVariableArgs& args) {
  const Tensor* value = args.initializer.value();
  if (value == nullptr) return;
  if (args.dtype.has_value() && value->dtype() != *args.dtype) {
    throw ValueError(text("Initializer type '", value->dtype(), "' and explicit dtype '",
                          *args.dtype, "' don't match."));
  }
  if (args.shape.given()) {
    throw ValueError("If initializer is a constant, do not specify shape.");
  }
}

const Initializer& default_initializer(const std::string& name, DType dtype) {
  static const Initializer floating = initializers::glorot_uniform();
  static const Initializer other = initializers::zeros();
  if (is_floating(dtype)) return floating;
  if (dtype != DType::kInvalid) return other;
  throw ValueError(text("An initializer for variable ", name, " of ", dtype, " is required"));
}

Variable make_variable(const std::string& name, const GetVariableArgs& args, const ScopeData& scope,
                       DType dtype) {
  const Initializer& initializer = args.initializer.given()    ? args.initializer
                                   : scope.initializer.given() ? scope.initializer
                                                               : default_initializer(name, dtype);
  if (initializer.value() == nullptr && !args.shape.get().is_fully_defined()) {
    initializer.throw_missing_shape();
  }
  const bool on_read = args.synchronization == VariableSynchronization::kOnRead;
  // Names depend on variable scopes only.
  const NameScope at_root(None);
  const bool slash = !name.empty() && name.back() == '/';
  return Variable([&] { return initializer(args.shape.get(), dtype); },
                  {.trainable = args.trainable.value_or(!on_read),
                   .name = slash ? name.substr(0, name.size() - 1) : name,
                   .synchronization = args.synchronization,
                   .aggregation = args.aggregation});
}

}  // namespace

VariableLike get_variable(std::string_view name, const GetVariableArgs& args) {
  ScopeState& state = ScopeState::current();
  const ScopeData& scope = *state.scope();
  ScopeNode& node = state.tree().child(state.node_of(scope), name);
  check_value(args);
  const DType dtype = args.dtype.value_or(scope.dtype);
  VariableStore* store = state.store();
  if (store == nullptr) return make_variable(node.name, args, scope, dtype);
  if (const Variable* found = store->find(node)) {
    detail::check_shared(*found, node.name, args.shape, dtype);
    return *found;
  }
  if (scope.reuse == Reuse(true) && Context::current().tracer() != nullptr) {
    throw ValueError(text("Variable ", node.name,
                          " does not exist, or was not created with tf.get_variable(). Did you "
                          "mean to set reuse=tf.AUTO_REUSE in VarScope?"));
  }
  const Variable made = make_variable(node.name, args, scope, dtype);
  store->insert(node, made);
  const Regularizer& regularizer = args.regularizer.given() ? args.regularizer : scope.regularizer;
  if (regularizer.given()) store->add_regularizer(made, regularizer);
  return made;
}

const Variable& VariableLike::variable() const {
  if (!is_variable()) {
    throw TypeError(text("VariableLike: a tensor of ", spec(), " stands for the variable"));
  }
  return variable_;
}

const TensorSpec& VariableLike::spec() const {
  return is_variable() ? variable_.spec() : tensor_.spec();
}

}  // namespace keen::compat::v1
