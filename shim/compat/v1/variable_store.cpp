#include "shim/compat/v1/variable_store.h"

#include <algorithm>
#include <atomic>

#include "shim/scope_names.h"

namespace keen::compat::v1 {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

VariableStore::VariableStore() : id_(next_id()) {}

VariableStore::Entry* VariableStore::find_entry(keen::detail::ScopeNode& name) {
  // The thread's node remembers the entry; entries stay where they are.
  if (name.store_id == id_) return static_cast<Entry*>(name.store_entry);
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name.name);
  if (found == entries_.end()) return nullptr;
  name.store_id = id_;
  name.store_entry = &found->second;
  return &found->second;
}

const Variable* VariableStore::find(keen::detail::ScopeNode& name) {
  const Entry* entry = find_entry(name);
  return entry == nullptr ? nullptr : &entry->variable;
}

bool VariableStore::is_regularized(keen::detail::ScopeNode& name) {
  const Entry* entry = find_entry(name);
  const std::lock_guard lock(mutex_);
  return entry != nullptr && entry->regularized;
}

void VariableStore::insert(keen::detail::ScopeNode& name, const Variable& variable) {
  const std::lock_guard lock(mutex_);
  const auto [at, inserted] =
      entries_.try_emplace(name.name, Entry{.key = nullptr, .variable = variable});
  at->second.key = &at->first;
  if (inserted) created_.push_back(&at->second);
}

std::vector<std::string> VariableStore::keys() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> result;
  for (const Entry* entry : created_) result.push_back(*entry->key);
  return result;
}

std::vector<Variable> VariableStore::in_creation_order() const {
  const std::lock_guard lock(mutex_);
  std::vector<Variable> result;
  for (const Entry* entry : created_) result.push_back(entry->variable);
  return result;
}

void VariableStore::add_regularizer(const Variable& variable, const Regularizer& regularizer) {
  const std::lock_guard lock(mutex_);
  const auto same = [&](const Regularized& item) { return item.variable.is(variable); };
  const auto found = std::ranges::find_if(regularizers_, same);
  if (found == regularizers_.end()) {
    regularizers_.push_back({variable, regularizer});
    for (Entry* entry : created_) entry->regularized |= entry->variable.is(variable);
  } else {
    found->regularizer = regularizer;
  }
}

std::vector<VariableStore::Regularized> VariableStore::regularizers() const {
  const std::lock_guard lock(mutex_);
  return regularizers_;
}

std::vector<Tensor> VariableStore::losses() const {
  std::vector<Tensor> result;
  for (const Regularized& item : regularizers()) {
    const Tensor loss = item.regularizer(item.variable.value());
    if (loss.defined()) result.push_back(loss);
  }
  return result;
}

void VariableStore::collect(keen::detail::Which which, keen::detail::VariableList& out) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) {
    const bool wanted = which == keen::detail::Which::kAll ||
                        entry.variable.trainable() == (which == keen::detail::Which::kTrainable);
    if (wanted) out.add(entry.variable);
  }
}

}  // namespace keen::compat::v1
