#include "shim/scope_names.h"

#include <mutex>

namespace keen::detail {
namespace {

// Never freed: nodes outlive threads, and guards in static objects outlive statics.
struct Trees {
  std::mutex mutex;
  std::deque<ScopeTree> all;
  std::vector<ScopeTree*> free;
};
Trees& trees() {
  static Trees& instance = *new Trees;
  return instance;
}

}  // namespace

ScopeTree::ScopeTree() : root_(&nodes_.emplace_back()) { root_->tree = this; }

ScopeNode& ScopeTree::part(ScopeNode& parent, std::string_view name) {
  const auto found = parent.children.find(name);
  if (found != parent.children.end()) return *found->second;
  ScopeNode& node = nodes_.emplace_back();
  if (&parent != root_) node.name = parent.name + '/';
  node.name += name;
  node.name_scope = node.name + '/';
  node.parent = &parent;
  node.tree = this;
  parent.children.emplace(name, &node);
  return node;
}

ScopeNode& ScopeTree::child(ScopeNode& parent, std::string_view path) {
  ScopeNode* node = &parent;
  for (;;) {
    const std::size_t slash = path.find('/');
    node = &part(*node, path.substr(0, slash));
    if (slash == std::string_view::npos) return *node;
    path.remove_prefix(slash + 1);
  }
}

ScopeNode& ScopeTree::numbered(ScopeNode& node, std::size_t number) {
  while (node.numbered.size() < number) {
    const std::size_t slash = node.name.rfind('/');
    const std::string last = slash == std::string::npos ? node.name : node.name.substr(slash + 1);
    const std::string suffix = '_' + std::to_string(node.numbered.size() + 1);
    node.numbered.push_back(&part(*node.parent, last + suffix));
  }
  return *node.numbered[number - 1];
}

bool ScopeTree::is_open(const ScopeNode& node) {
  if (node.opened == 0) return false;
  for (const ScopeNode* above = node.parent; above != nullptr; above = above->parent) {
    if (above->forgotten > node.opened) return false;
  }
  return true;
}

void ScopeTree::forget_below(ScopeNode& node) {
  // The names below the root scope are those that begin with its name, "", and a slash.
  if (&node != root_) {
    change(node.forgotten, ++clock_);
  } else if (const auto found = root_->children.find(""); found != root_->children.end()) {
    change(found->second->forgotten, ++clock_);
  }
}

void ScopeTree::forget_all() { change(root_->forgotten, ++clock_); }

std::size_t ScopeTree::begin_changes() {
  ++recording_;
  return changes_.size();
}

void ScopeTree::take_back(std::size_t begin) {
  while (changes_.size() > begin) {
    *changes_.back().where = changes_.back().old;
    changes_.pop_back();
  }
  --recording_;
}

ScopeTree* ScopeTree::acquire() {
  Trees& shared = trees();
  const std::lock_guard lock(shared.mutex);
  if (shared.free.empty()) return &shared.all.emplace_back();
  ScopeTree* tree = shared.free.back();
  shared.free.pop_back();
  return tree;
}

void ScopeTree::release(ScopeTree* tree) {
  tree->changes_.clear();
  tree->recording_ = 0;
  tree->forget_all();
  Trees& shared = trees();
  const std::lock_guard lock(shared.mutex);
  shared.free.push_back(tree);
}

}  // namespace keen::detail
