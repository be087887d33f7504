#include "shim/module.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "shim/compat/v1/variable_store.h"

namespace keen {

void detail::VariableList::add(const Variable& variable) {
  // Below this, looking through the list is faster than a set.
  constexpr std::size_t kShort = 32;
  if (list_.size() < kShort) {
    const auto same = [&](const Variable& other) { return other.is(variable); };
    if (std::ranges::any_of(list_, same)) return;
  } else {
    if (seen_.empty()) {
      for (const Variable& other : list_) seen_.insert(other.id());
    }
    if (!seen_.insert(variable.id()).second) return;
  }
  if (list_.empty()) list_.reserve(kShort);
  list_.push_back(variable);
}

Module::~Module() = default;

// NOLINTNEXTLINE(performance-noexcept-move-constructor): throws for a module in use
Module::Module(Module&& other) {
  if (other.fixed_ || other.v1_store_ != nullptr) {
    throw RuntimeError("Module: a module that is tracked or built can't be moved");
  }
  children_ = std::move(other.children_);
  own_variables_ = std::move(other.own_variables_);
}

void Module::check_name(const std::string& name) const {
  const auto same = [&](const auto& item) { return item.name == name; };
  if (std::ranges::any_of(children_, same) || std::ranges::any_of(own_variables_, same)) {
    throw ValueError(text("Module.track: the name '", name, "' is in use"));
  }
}

void Module::adopt(std::string name, std::shared_ptr<Module> module) {
  if (module == nullptr) throw ValueError(text("Module.track: '", name, "' is null"));
  check_name(name);
  module->fix_in_place();
  children_.push_back({std::move(name), std::move(module)});
}

Variable Module::track(std::string name, Variable variable) {
  if (!variable.defined()) throw ValueError(text("Module.track: '", name, "' is undefined"));
  check_name(name);
  own_variables_.push_back({std::move(name), variable});
  return variable;
}

compat::v1::VariableStore& Module::get_or_create_v1_store() {
  if (v1_store_ == nullptr) {
    auto store = std::make_shared<compat::v1::VariableStore>();
    adopt("_tf1_style_var_store", store);
    v1_store_ = store.get();
    fix_in_place();
  }
  return *v1_store_;
}

std::vector<Variable> Module::collected(detail::Which which) const {
  detail::VariableList list;
  collect(which, list);
  return list.take();
}

void Module::collect(detail::Which which, detail::VariableList& out) const {
  std::vector<const OwnVariable*> own;
  for (const OwnVariable& item : own_variables_) own.push_back(&item);
  std::ranges::sort(own, {}, &OwnVariable::name);
  for (const OwnVariable* item : own) {
    const bool wanted = which == detail::Which::kAll ||
                        item->variable.trainable() == (which == detail::Which::kTrainable);
    if (wanted) out.add(item->variable);
  }
  std::vector<const Child*> children;
  for (const Child& child : children_) children.push_back(&child);
  std::ranges::sort(children, {}, &Child::name);
  for (const Child* child : children) child->module->collect(which, out);
}

}  // namespace keen
