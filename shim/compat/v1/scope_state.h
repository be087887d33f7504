// What a thread knows about scopes: the current ones, the names in use, the current store.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/ref_counted.h"
#include "runtime/tensor/variable.h"
#include "shim/compat/v1/variable_scope.h"
#include "shim/scope_names.h"
#include "shim/shape_arg.h"

namespace keen {
class Context;
}  // namespace keen

namespace keen::compat::v1 {

class VariableStore;

namespace detail {

using keen::detail::ScopeNode;
using keen::detail::ScopeTree;

// What a VariableScope points at.
struct ScopeData final : RefCounted {
  ScopeNode* node = nullptr;
  Reuse reuse;
  DType dtype = DType::kFloat32;
  Initializer initializer;
  Regularizer regularizer;
  // "a/b/": what scoped names of ops began with when the scope was opened first.
  std::shared_ptr<const std::string> original_name_scope;

  [[nodiscard]] static RefPtr<ScopeData> make();
  void destroy() noexcept;
};

// One per context. A context that was copied to another thread starts with the same variable scope
// and store, but counts default names for itself, as TensorFlow's threads do.
class ScopeState {
 public:
  [[nodiscard]] static ScopeState& current();

  explicit ScopeState(const Context& owner);
  ScopeState(const ScopeState&) = delete;
  ScopeState& operator=(const ScopeState&) = delete;
  ~ScopeState() { ScopeTree::release(tree_); }

  [[nodiscard]] ScopeTree& tree() { return *tree_; }

  // The current scope; the root scope is made when it is first asked for.
  [[nodiscard]] const RefPtr<ScopeData>& scope() {
    if (!scope_) [[unlikely]] {
      make_root();
    }
    return scope_;
  }
  RefPtr<ScopeData> exchange_scope(RefPtr<ScopeData> scope) {
    return std::exchange(scope_, std::move(scope));
  }
  // The scope's node in this thread's tree.
  [[nodiscard]] ScopeNode& node_of(const ScopeData& scope) {
    return scope.node->tree == tree_ ? *scope.node : find(scope.node->name);
  }
  // Node of a full name, "" being the root.
  [[nodiscard]] ScopeNode& find(std::string_view name) {
    return name.empty() ? tree_->root() : tree_->child(tree_->root(), name);
  }

  // `name` below the current scope if nothing of that name was opened there, else `name_1`, ….
  [[nodiscard]] ScopeNode& unique_scope(std::string_view name);
  // The node of the text of a name scope, "a/b/", which mostly is its own.
  [[nodiscard]] ScopeNode& name_node(const std::string& name_scope);

  [[nodiscard]] VariableStore* store() const { return store_; }
  VariableStore* exchange_store(VariableStore* store) { return std::exchange(store_, store); }

  // As in a new process: no counts, a new root scope.
  void clear();

 private:
  void make_root();

  const Context* owner_;
  ScopeTree* tree_;
  ScopeNode* last_name_node_ = nullptr;
  RefPtr<ScopeData> scope_;
  VariableStore* store_ = nullptr;
};

// ValueError where a variable that exists is asked for with another shape or dtype.
void check_shared(const Variable& found, const std::string& name, const ShapeArg& shape,
                  DType dtype);

}  // namespace detail
}  // namespace keen::compat::v1
