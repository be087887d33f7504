#include "shim/name_scope.h"

#include <algorithm>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/call.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/scope_state.h"

namespace keen {
namespace {

using Name = std::shared_ptr<const std::string>;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// TensorFlow's patterns for scopes of a graph, without a regular expression.
void check_graph_scope(std::string_view name, bool at_root) {
  const std::string_view others = "_.\\/>-";
  const bool first = !at_root || is_letter_or_digit(name.front()) || name.front() == '.';
  const bool rest = std::ranges::all_of(at_root ? name.substr(1) : name, [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
  if (first && rest) return;
  throw ValueError(at_root
                       ? text("'", name,
                              "' is not a valid root scope name. A root scope name has to match "
                              "the following pattern: ^[A-Za-z0-9.][A-Za-z0-9_.\\\\/>-]*$")
                       : text("'", name,
                              "' is not a valid scope name. A scope name has to match the "
                              "following pattern: ^[A-Za-z0-9_.\\\\/>-]*$"));
}

// Shares the node's text without counting: nodes live as long as the process.
Name name_of(const detail::ScopeNode& node) {
  if (node.name_scope.empty()) return nullptr;
  return {std::shared_ptr<void>(), &node.name_scope};
}

std::string_view without_slash(std::string_view scope) {
  if (!scope.empty()) scope.remove_suffix(1);
  return scope;
}

Name entered(std::string_view name, const Context& context) {
  if (name.empty()) return nullptr;
  auto& state = compat::v1::detail::ScopeState::current();
  const std::string& current = context.name_scope();
  const bool absolute = name.back() == '/';
  if (op::Tracer* tracer = context.tracer()) {
    check_graph_scope(name, current.empty());
    if (!absolute) return name_of(state.find(tracer->unique_name(current + std::string(name))));
  }
  if (absolute) return name_of(state.find(without_slash(name)));
  if (current.empty()) return name_of(state.tree().child(state.tree().root(), name));
  return name_of(state.tree().child(state.name_node(current), name));
}

}  // namespace

NameScope::NameScope(std::string_view name) : NameScope(entered(name, Context::current())) {}

NameScope::NameScope(std::shared_ptr<const std::string> scope)
    : name_(std::move(scope)), saved_(Context::current().exchange_name_scope(name_)) {}

NameScope::~NameScope() { Context::current().exchange_name_scope(std::move(saved_)); }

const std::string& NameScope::name() const {
  static const std::string empty;
  return name_ == nullptr ? empty : *name_;
}

}  // namespace keen
