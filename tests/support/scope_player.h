// Runs the steps of a scope scenario and writes down what happens, event by event.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "shim/compat/v1/layers/base.h"
#include "shim/compat/v1/variable_scope.h"

namespace keen::test {

// A step failed with an error of Keen's, which has been written down: the call of the scenario ends
// here, or at the nearest `try`.
struct Stopped {};

class ScopePlayer {
 public:
  // Throws Stopped; std::runtime_error for a step or a field that it does not know.
  void run(const nlohmann::json& steps);

  [[nodiscard]] const nlohmann::json& log() const { return log_; }

 private:
  using Step = void (ScopePlayer::*)(const nlohmann::json&);
  [[nodiscard]] static Step step_named(const std::string& op);

  void try_steps(const nlohmann::json& step);
  void open_scope(const nlohmann::json& step);
  void open_name_scope(const nlohmann::json& step);
  void get_variable(const nlohmann::json& step);
  void make_variable(const nlohmann::json& step);
  void name_op(const nlohmann::json& step);
  void set_reuse(const nlohmann::json& step);
  void set_scope(const nlohmann::json& step);
  void look_at_scope(const nlohmann::json& step);
  void call_function(const nlohmann::json& step);
  void make_layer(const nlohmann::json& step);
  void call_layer(const nlohmann::json& step);
  void assign(const nlohmann::json& step);

  void emit(const char* event, nlohmann::json fields);
  [[nodiscard]] nlohmann::json description_of(const Variable& variable);
  template <class T>
  [[nodiscard]] const T& named(const nlohmann::json& name) const;

  using Layer = std::shared_ptr<compat::v1::layers::Layer>;
  nlohmann::json log_ = nlohmann::json::array();
  std::map<std::string, std::variant<compat::v1::VariableScope, Variable, Layer>> names_;
  std::vector<std::uint64_t> known_;  // variables, in the order of their first appearance
};

}  // namespace keen::test
