// Interned names of variable and name scopes, and which of them a thread has opened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace keen::detail {

class ScopeTree;

// One scope name, "a/b"; the root's is "". Nodes live as long as the process, so that pointers to
// them may be kept; all but the names belongs to the thread that holds the tree.
struct ScopeNode {
  std::string name;
  std::string name_scope;  // "a/b/", the form that name scopes have; empty for the root
  ScopeNode* parent = nullptr;
  ScopeTree* tree = nullptr;
  std::map<std::string, ScopeNode*, std::less<>> children;  // by the last part of their names
  std::vector<ScopeNode*> numbered;  // the siblings "name_1", "name_2", … that were asked for
  // Times, for TensorFlow's counts of opened scopes; see ScopeTree::is_open.
  std::uint64_t opened = 0;
  std::uint64_t forgotten = 0;
  // Where a store keeps the variable of this name: an entry of the store of that number.
  std::uint64_t store_id = 0;
  void* store_entry = nullptr;
};

// TensorFlow counts how often each variable scope was opened, to make default names unique, and
// forgets the counts below a scope when that is left. Only "never since" matters, so times stand
// for the counts: forgetting all names below a scope is one store.
class ScopeTree {
 public:
  ScopeTree();
  ScopeTree(const ScopeTree&) = delete;
  ScopeTree& operator=(const ScopeTree&) = delete;

  [[nodiscard]] ScopeNode& root() { return *root_; }
  // The scope of that path below `parent`; slashes separate parts, also empty ones.
  [[nodiscard]] ScopeNode& child(ScopeNode& parent, std::string_view path);
  // The sibling whose name ends in "_<number>", from 1 on.
  [[nodiscard]] ScopeNode& numbered(ScopeNode& node, std::size_t number);

  // Whether the scope was opened since one around it was left.
  [[nodiscard]] static bool is_open(const ScopeNode& node);
  void open(ScopeNode& node) { change(node.opened, ++clock_); }
  // Forgets what was opened below the scope.
  void forget_below(ScopeNode& node);
  void forget_all();

  // Changes made from here on can be taken back.
  [[nodiscard]] std::size_t begin_changes();
  void take_back(std::size_t begin);

  // Trees of threads that have ended are used again.
  [[nodiscard]] static ScopeTree* acquire();
  static void release(ScopeTree* tree);

 private:
  struct Change {
    std::uint64_t* where;
    std::uint64_t old;
  };

  [[nodiscard]] ScopeNode& part(ScopeNode& parent, std::string_view name);
  void change(std::uint64_t& where, std::uint64_t value) {
    if (recording_ != 0) changes_.push_back({&where, where});
    where = value;
  }

  std::deque<ScopeNode> nodes_;
  ScopeNode* root_;
  std::uint64_t clock_ = 0;
  std::vector<Change> changes_;
  int recording_ = 0;
};

}  // namespace keen::detail
