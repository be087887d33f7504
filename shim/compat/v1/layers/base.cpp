#include "shim/compat/v1/layers/base.h"

#include <strings.h>

#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "shim/compat/v1/scope_state.h"
#include "shim/compat/v1/variable_store.h"
#include "shim/keras/backend.h"

namespace keen::compat::v1::layers {
namespace {

Padding padding_of(const char* name) {
  if (strcasecmp(name, "valid") == 0) return Padding::kValid;
  if (strcasecmp(name, "same") == 0) return Padding::kSame;
  throw ValueError(text("layers: padding must be \"valid\" or \"same\", not \"", name, "\""));
}

}  // namespace

PaddingArg::PaddingArg(const char* name) : padding_(padding_of(name)) {}

Layer::Layer(const detail::LayerSpec& spec)
    : keen::keras::layers::Layer({.trainable = spec.trainable}),
      base_name_(spec.base_name),
      reuse_(spec.reuse),
      once_(spec.once) {
  if (spec.name.has_value()) {
    given_name_ = *spec.name;
    set_name(given_name_);
    if (spec.name_is_scope) scope_ = variable_scope(given_name_).scope();
  } else {
    number_ = keen::keras::backend::next_object_number(base_name_);
  }
}

Layer::Layer(Layer&& other) = default;

std::string Layer::automatic_name() const {
  return std::string(base_name_) + '_' + std::to_string(number_);
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
  const std::string_view base = given_name_.empty() ? base_name_ : given_name_;
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
  const auto entered = variable_scope(
      *scope_, {.reuse = built() ? Reuse(true) : reuse_, .auxiliary_name_scope = false});
  return keen::keras::layers::Layer::operator()(inputs, args);
}

Variable Layer::add_weight(const char* name, GetVariableArgs args, const Initializer& initializer,
                           const Regularizer& regularizer) {
  // The layer's scope is the current one.
  const VariableScope scope = get_variable_scope();
  const DType dtype = *args.dtype;
  args.initializer = initializer.given()           ? initializer
                     : scope.initializer().given() ? scope.initializer()
                                                   : keen::keras::initializers::default_for(dtype);
  const bool wanted = args.trainable.value_or(true);
  args.trainable = wanted && trainable();
  Variable variable = v1::get_variable(name, args).variable();
  if (!once_) add_variable(variable, wanted && trainable());
  if (!regularizer.given()) return variable;
  if (!once_) add_loss([variable, regularizer] { return regularizer(variable.value()); });
  if (VariableStore* store = v1::detail::ScopeState::current().store()) {
    store->add_regularizer(variable, regularizer);
  }
  return variable;
}

}  // namespace keen::compat::v1::layers
