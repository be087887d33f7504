#include "shim/compat/v1/layers/base.h"

#include <strings.h>

#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/scope_state.h"
#include "shim/compat/v1/variable_store.h"

namespace keen::compat::v1::layers {
namespace {

Padding padding_of(const char* name) {
  if (strcasecmp(name, "valid") == 0) return Padding::kValid;
  if (strcasecmp(name, "same") == 0) return Padding::kSame;
  throw ValueError(text("layers: padding must be \"valid\" or \"same\", not \"", name, "\""));
}

}  // namespace

PaddingArg::PaddingArg(const char* name) : padding_(padding_of(name)) {}

bool detail::reuse_weights(const LayerClass& layer_class, const OrNone<std::string>& name,
                           std::span<const ExpectedWeight> expected, std::span<Variable> weights) {
  auto& state = v1::detail::ScopeState::current();
  VariableStore* store = state.store();
  if (store == nullptr || Context::current().tracer() != nullptr) return false;
  const bool named = name.has_value() && !(*name).empty();
  auto& tree = state.tree();
  auto& scope = named ? tree.child(state.node_of(*state.scope()), *name)
                      : state.unique_scope(layer_class.base_name);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    auto& node = tree.child(scope, expected[i].name);
    const Variable* found = store->find(node);
    if (found == nullptr || found->spec() != expected[i].spec) return false;
    if (expected[i].regularized && !store->is_regularized(node)) return false;
    weights[i] = *found;
  }
  if (!named) static_cast<void>(layer_class.counter.next());
  tree.open(scope);
  tree.forget_below(scope);
  return true;
}

Layer::Layer(const detail::LayerSpec& spec)
    : keen::keras::layers::Layer({.trainable = spec.trainable}),
      class_(&spec.layer_class),
      reuse_(spec.reuse),
      once_(spec.once) {
  if (spec.name.has_value()) {
    given_name_ = *spec.name;
    set_name(given_name_);
    if (spec.name_is_scope) scope_ = variable_scope(given_name_).scope();
  } else {
    number_ = class_->counter.next();
  }
}

// NOLINTNEXTLINE(performance-noexcept-move-constructor): throws for a layer in use
Layer::Layer(Layer&& other) = default;

std::string Layer::automatic_name() const {
  return std::string(class_->base_name) + '_' + std::to_string(number_);
}

const std::string& Layer::scope_name() const {
  if (!scope_) {
    throw ValueError(text("No name available for layer scope because the layer \"", name(),
                          "\" has not been used yet. The scope name  is determined the first time "
                          "the layer instance is called. You must therefore call the layer before "
                          "querying `scope_name`."));
  }
  return scope_->name();
}

void Layer::settle_scope() {
  if (scope_) return;
  std::string_view base = class_->base_name;
  if (!given_name_.empty()) base = given_name_;
  if (reuse_) {
    scope_ = variable_scope(base).scope();
  } else {
    scope_ = variable_scope(None, {.default_name = base}).scope();
  }
}

NameScope Layer::name_scope_of_call() const {
  return NameScope(scope_->shared_original_name_scope());
}

Tensor Layer::operator()(const Tensor& inputs, const CallArgs& args) {
  settle_scope();
  if (!built()) weight_dtype_ = inputs.dtype();
  const VariableScopeGuard entered(*scope_, built() ? Reuse(true) : reuse_);
  return keen::keras::layers::Layer::operator()(inputs, args);
}

Variable Layer::find_weight(std::string_view name, const GetVariableArgs& args) const {
  auto& state = v1::detail::ScopeState::current();
  if (state.store() == nullptr) return {};
  auto& node = state.tree().child(state.node_of(*state.scope()), name);
  const Variable* found = state.store()->find(node);
  if (found == nullptr) return {};
  v1::detail::check_shared(*found, node.name, args.shape, *args.dtype);
  return *found;
}

Variable Layer::make_weight(std::string_view name, GetVariableArgs args,
                            const Initializer& initializer) const {
  // The layer's scope is the current one.
  const VariableScope scope = get_variable_scope();
  args.initializer = initializer.given() ? initializer
                     : scope.initializer().given()
                         ? scope.initializer()
                         : keen::keras::initializers::default_for(*args.dtype);
  args.trainable = args.trainable.value_or(true) && trainable();
  return v1::get_variable(name, args).variable();
}

Variable Layer::add_weight(std::string_view name, const GetVariableArgs& args,
                           const Initializer& initializer, const Regularizer& regularizer) {
  Variable variable = find_weight(name, args);
  if (!variable.defined()) variable = make_weight(name, args, initializer);
  if (!once_) add_variable(variable, args.trainable.value_or(true) && trainable());
  if (!regularizer.given()) return variable;
  if (!once_) add_loss([variable, regularizer] { return regularizer(variable.value()); });
  if (VariableStore* store = v1::detail::ScopeState::current().store()) {
    store->add_regularizer(variable, regularizer);
  }
  return variable;
}

}  // namespace keen::compat::v1::layers
