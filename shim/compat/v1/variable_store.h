// The variables that methods of one module made by name.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/tensor/variable.h"
#include "shim/compat/v1/variable_scope.h"
#include "shim/module.h"

namespace keen::compat::v1 {

// Belongs to one module, whose child it is. Lists variables bytewise by name and keeps the
// regularizers that they were made with. May be used by several threads.
class VariableStore final : public Module {
 public:
  VariableStore();

  // The variable of that name, or null.
  [[nodiscard]] const Variable* find(keen::detail::ScopeNode& name);
  // Whether that variable has a regularizer.
  [[nodiscard]] bool is_regularized(keen::detail::ScopeNode& name);
  void insert(keen::detail::ScopeNode& name, const Variable& variable);
  // Names without ":0" in the order in which their variables were made, and those variables.
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] std::vector<Variable> in_creation_order() const;

  struct Regularized {
    Variable variable;
    Regularizer regularizer;
  };
  // Replaces the variable's regularizer if it has one.
  void add_regularizer(const Variable& variable, const Regularizer& regularizer);
  // In the order of being added.
  [[nodiscard]] std::vector<Regularized> regularizers() const;
  // The regularizers' losses of now, without those that give none.
  [[nodiscard]] std::vector<Tensor> losses() const;

 protected:
  void collect(keen::detail::Which which, keen::detail::VariableList& out) const override;

 private:
  struct Entry {
    const std::string* key;
    Variable variable;
    bool regularized = false;
  };

  [[nodiscard]] Entry* find_entry(keen::detail::ScopeNode& name);

  const std::uint64_t id_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<Entry*> created_;
  std::vector<Regularized> regularizers_;
};

}  // namespace keen::compat::v1
