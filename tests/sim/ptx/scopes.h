// The names that a statement of PTX can see.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/ptx/parser.h"

namespace keen::sim::ptx {

struct Scope {
  std::map<std::string, int, std::less<>> registers;
  std::map<std::string, Symbol, std::less<>> symbols;
  std::map<std::string, int, std::less<>> labels;  // to the instruction that they stand before
  std::map<std::string, std::vector<std::string>, std::less<>> tables;  // .branchtargets
  std::vector<std::pair<int, std::string>> branches;  // instruction, label: not yet resolved
  bool function = false;                              // the names outside end here
};

class Scopes {
 public:
  Scope& open(Scope scope) {
    scopes_.push_back(std::move(scope));
    return scopes_.back();
  }
  Scope& inner() { return scopes_.back(); }
  std::size_t depth() const { return scopes_.size(); }

  // What the name means here, in the given map of a scope; null: nothing.
  template <class Map>
  const typename Map::mapped_type* find(Map Scope::*map, std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      const auto found = ((*scope).*map).find(name);
      if (found != ((*scope).*map).end()) return &found->second;
      if (scope->function) break;
    }
    return nullptr;
  }

  // Leaves the innermost scope: branches to its labels get their targets, others are left to the
  // scope around it. Throws Unsupported for a label that is nowhere.
  void close(std::vector<Instruction>& code) {
    Scope closed = std::move(scopes_.back());
    scopes_.pop_back();
    for (auto& [instruction, label] : closed.branches) {
      const auto found = closed.labels.find(label);
      if (found != closed.labels.end()) {
        code[instruction].target = found->second;
      } else if (closed.function || scopes_.empty()) {
        throw Unsupported("label " + label + " is not there");
      } else {
        scopes_.back().branches.emplace_back(instruction, label);
      }
    }
  }

 private:
  std::vector<Scope> scopes_;
};

}  // namespace keen::sim::ptx
