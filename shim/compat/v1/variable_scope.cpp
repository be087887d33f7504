#include "shim/compat/v1/variable_scope.h"

#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/scope_state.h"

namespace keen::compat::v1 {

using detail::ScopeData;
using detail::ScopeNode;
using detail::ScopeState;

// ---- VariableScope ----

VariableScope::VariableScope(RefPtr<ScopeData> data) : data_(std::move(data)) {}
VariableScope::VariableScope(const VariableScope& other) = default;
VariableScope& VariableScope::operator=(const VariableScope& other) = default;
VariableScope::~VariableScope() = default;

const std::string& VariableScope::name() const { return data_->node->name; }

const std::string& VariableScope::original_name_scope() const {
  static const std::string empty;
  return data_->original_name_scope == nullptr ? empty : *data_->original_name_scope;
}

const std::shared_ptr<const std::string>& VariableScope::shared_original_name_scope() const {
  return data_->original_name_scope;
}

Reuse VariableScope::reuse() const { return data_->reuse; }
DType VariableScope::dtype() const { return data_->dtype; }
const Initializer& VariableScope::initializer() const { return data_->initializer; }
const Regularizer& VariableScope::regularizer() const { return data_->regularizer; }
void VariableScope::reuse_variables() const { data_->reuse = true; }
void VariableScope::set_initializer(const Initializer& initializer) const {
  data_->initializer = initializer;
}
void VariableScope::set_regularizer(const Regularizer& regularizer) const {
  data_->regularizer = regularizer;
}
void VariableScope::set_dtype(DType dtype) const { data_->dtype = dtype; }

VariableScope get_variable_scope() { return VariableScope(ScopeState::current().scope()); }

// ---- Entering and leaving ----

namespace {

std::string_view last_part(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

// The name scope of now, to be kept.
std::shared_ptr<const std::string> current_name_scope(ScopeState& state) {
  const std::string& now = Context::current().name_scope();
  if (now.empty()) return nullptr;
  return {std::shared_ptr<void>(), &state.name_node(now).name_scope};
}

}  // namespace

VariableScopeGuard::VariableScopeGuard(const NameOrScope& name_or_scope,
                                       const VariableScopeArgs& args)
    : state_(ScopeState::current()) {
  if (name_or_scope.is_name()) {
    enter_name(name_or_scope.name(), args);
  } else if (name_or_scope.is_none()) {
    enter_default(args);
  } else {
    enter_again(name_or_scope.scope(), args);
  }
}

void VariableScopeGuard::enter_name(std::string_view name, const VariableScopeArgs& args) {
  std::shared_ptr<const std::string> original;
  if (!args.auxiliary_name_scope) {
    original = current_name_scope(state_);
  } else if (!name.empty()) {
    original = name_scope_.emplace(name).shared_name();
  }
  ScopeNode& above = state_.node_of(*state_.scope());
  // An empty name below the root is the root again; elsewhere it adds a slash.
  const bool root_again = name.empty() && above.parent == nullptr;
  open(root_again ? above : state_.tree().child(above, name), std::move(original), args);
}

void VariableScopeGuard::enter_default(const VariableScopeArgs& args) {
  if (!args.default_name) {
    throw TypeError("If default_name is None then name_or_scope is required");
  }
  if (args.reuse) throw ValueError("reuse=True cannot be used without a name_or_scope");
  std::shared_ptr<const std::string> original;
  if (args.auxiliary_name_scope) {
    original = name_scope_.emplace(*args.default_name).shared_name();
  } else {
    original = current_name_scope(state_);
  }
  open(state_.unique_scope(*args.default_name), std::move(original), args);
}

void VariableScopeGuard::open(ScopeNode& node, std::shared_ptr<const std::string> original,
                              const VariableScopeArgs& args) {
  const ScopeData& above = *state_.scope();
  RefPtr<ScopeData> data = ScopeData::make();
  data->node = &node;
  data->original_name_scope = std::move(original);
  data->reuse = args.reuse ? args.reuse : above.reuse;
  inherit(*data, above, args);
  state_.tree().open(node);
  data_ = data.get();
  saved_ = state_.exchange_scope(std::move(data));
}

void VariableScopeGuard::enter_again(const VariableScope& scope, const VariableScopeArgs& args) {
  const ScopeData& from = *scope.data_;
  const std::string_view name = last_part(from.node->name);
  if (args.auxiliary_name_scope && !name.empty()) name_scope_.emplace(name);
  RefPtr<ScopeData> data = ScopeData::make();
  data->node = &state_.node_of(from);
  data->original_name_scope = from.original_name_scope;
  data->reuse = args.reuse ? args.reuse : from.reuse;
  inherit(*data, from, args);
  open_again(std::move(data));
}

void VariableScopeGuard::open_again(RefPtr<ScopeData> data) {
  state_.tree().open(*data->node);
  changes_ = state_.tree().begin_changes();
  data_ = data.get();
  saved_ = state_.exchange_scope(std::move(data));
}

VariableScopeGuard::VariableScopeGuard(const VariableScope& scope, Reuse reuse)
    : state_(ScopeState::current()) {
  const bool mine = scope.data_->node->tree == &state_.tree();
  if (Context::current().tracer() == nullptr && mine) {
    open_again(scope.data_);
  } else {
    enter_again(scope, {.reuse = reuse, .auxiliary_name_scope = false});
  }
}

void VariableScopeGuard::inherit(ScopeData& data, const ScopeData& from,
                                 const VariableScopeArgs& args) {
  data.initializer = args.initializer.given() ? args.initializer : from.initializer;
  data.regularizer = args.regularizer.given() ? args.regularizer : from.regularizer;
  data.dtype = args.dtype.value_or(from.dtype);
  if (Context::current().tracer() == nullptr) data.reuse = AUTO_REUSE;
}

VariableScopeGuard::~VariableScopeGuard() {
  RefPtr<ScopeData> data = state_.exchange_scope(std::move(saved_));
  if (changes_) {
    state_.tree().take_back(*changes_);
  } else {
    state_.tree().forget_below(*data->node);
  }
}

VariableScope VariableScopeGuard::scope() const {
  return VariableScope(RefPtr<ScopeData>::share(data_));
}

}  // namespace keen::compat::v1
