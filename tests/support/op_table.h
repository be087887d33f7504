// What the names of ops in golden cases stand for.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/tensor/tensor.h"
#include "tests/support/compare.h"

namespace keen::test {

// Inputs and attributes of an entry, by name. Throws std::runtime_error for one that is missing.
class OpArguments {
 public:
  OpArguments(const nlohmann::json& attrs, const std::vector<std::string>& names,
              const std::vector<Tensor>& inputs)
      : attrs_(attrs), names_(names), inputs_(inputs) {}

  [[nodiscard]] const Tensor& input(const std::string& name) const;
  [[nodiscard]] bool has_attr(const std::string& name) const { return attrs_.contains(name); }
  // Null if it is absent.
  [[nodiscard]] const nlohmann::json& attr(const std::string& name) const;
  template <class T>
  [[nodiscard]] T attr(const std::string& name, T otherwise) const {
    return has_attr(name) ? attr(name).get<T>() : otherwise;
  }
  // Throws if there is an input or attribute that nobody asked for.
  void check_all_used() const;

 private:
  const nlohmann::json& attrs_;
  const std::vector<std::string>& names_;
  const std::vector<Tensor>& inputs_;
  mutable std::set<std::string> used_;
};

struct OpEntry {
  std::vector<Tensor> (*call)(const OpArguments&);
  Tolerance tolerance;
  Tolerance gradient_tolerance = kContraction;
};
using OpTable = std::map<std::string, OpEntry>;

// The parts of the table.
[[nodiscard]] const OpTable& elementwise_ops();
[[nodiscard]] const OpTable& reductions_and_shapes();
[[nodiscard]] const OpTable& network_ops();

// Null if no part has the name.
[[nodiscard]] const OpEntry* find_op(const std::string& name);

// Entries that end with an error do not tell their inputs: a call that must fail as they did, by
// the op's name and the entry's note; null if there is none.
using FailingCall = std::vector<Tensor> (*)();
[[nodiscard]] FailingCall find_failing_call(const std::string& op, const std::string& note);

}  // namespace keen::test
