#include "shim/compat/v1/scope_state.h"

#include <new>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/cpu_context.h"
#include "runtime/tensor/context.h"

namespace keen::compat::v1::detail {
namespace {

const ContextSlot<ScopeState>& slot() {
  static const ContextSlot<ScopeState> instance;
  return instance;
}

}  // namespace

RefPtr<ScopeData> ScopeData::make() {
  void* memory = device::cpu::object_allocator().allocate(sizeof(ScopeData));
  return RefPtr<ScopeData>::adopt(new (memory) ScopeData);
}

void ScopeData::destroy() noexcept {
  this->~ScopeData();
  device::cpu::object_allocator().deallocate(this, sizeof(ScopeData));
}

ScopeState::ScopeState(const Context& owner) : owner_(&owner), tree_(ScopeTree::acquire()) {}

ScopeState& ScopeState::current() {
  Context& context = Context::current();
  ScopeState* state = slot().peek(context);
  if (state != nullptr && state->owner_ == &context) [[likely]] {
    return *state;
  }
  auto made = std::make_shared<ScopeState>(context);
  if (state != nullptr) {
    made->scope_ = state->scope_;
    made->store_ = state->store_;
  }
  slot().set(made, context);
  return *made;
}

void ScopeState::make_root() {
  RefPtr<ScopeData> root = ScopeData::make();
  root->node = &tree_->root();
  // Eager scopes always reuse.
  if (Context::current().tracer() == nullptr) root->reuse = AUTO_REUSE;
  scope_ = std::move(root);
}

ScopeNode& ScopeState::unique_scope(std::string_view name) {
  ScopeNode& first = tree_->child(node_of(*scope()), name);
  if (!ScopeTree::is_open(first)) return first;
  for (std::size_t number = 1;; ++number) {
    ScopeNode& node = tree_->numbered(first, number);
    if (!ScopeTree::is_open(node)) return node;
  }
}

ScopeNode& ScopeState::name_node(const std::string& name_scope) {
  ScopeNode* last = last_name_node_;
  if (last != nullptr && &last->name_scope == &name_scope) return *last;
  if (last != nullptr && last->parent != nullptr && &last->parent->name_scope == &name_scope) {
    last_name_node_ = last->parent;
  } else {
    last_name_node_ = &find(std::string_view(name_scope).substr(0, name_scope.size() - 1));
  }
  return *last_name_node_;
}

void ScopeState::clear() {
  tree_->forget_all();
  scope_ = {};
}

void check_shared(const Variable& found, const std::string& name, const ShapeArg& shape,
                  DType dtype) {
  const TensorSpec& spec = found.spec();
  if (shape.given() && !shape.get().is_compatible_with(spec.shape)) [[unlikely]] {
    throw ValueError(text("Trying to share variable ", name, ", but specified shape ", shape.get(),
                          " and found shape ", spec.shape, "."));
  }
  if (dtype != spec.dtype) [[unlikely]] {
    throw ValueError(text("Trying to share variable ", name, ", but specified dtype ", dtype,
                          " and found dtype ", spec.dtype, "."));
  }
}

}  // namespace keen::compat::v1::detail
