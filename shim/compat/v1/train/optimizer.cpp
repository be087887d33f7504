#include "shim/compat/v1/train/optimizer.h"

#include <algorithm>

#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/get_variable.h"
#include "shim/compat/v1/variable_scope.h"

namespace keen::compat::v1::train {
namespace {

// "w" of "w:0".
std::string without_output(const std::string& name) { return name.substr(0, name.rfind(':')); }

// Zeros beside `variable`, named "<variable>/<optimizer>", "<variable>/<optimizer>_1", ….
Variable make_slot(const Variable& variable, const std::string& optimizer) {
  const auto scope = variable_scope(None, without_output(variable.name()) + '/' + optimizer);
  return v1::get_variable("", {.shape = variable.shape(),
                               .dtype = variable.dtype(),
                               .initializer = initializers::zeros(),
                               .trainable = false})
      .variable();
}

void check_gradient(const Tensor& gradient, const Variable& variable) {
  if (gradient.dtype() == variable.dtype() &&
      gradient.shape().is_compatible_with(variable.shape())) {
    return;
  }
  throw InvalidArgumentError(text("Optimizer: the gradient of variable '", variable.name(), "' (",
                                  variable.spec(), ") is ", gradient.spec()));
}

[[noreturn]] void throw_no_gradients(const std::vector<Variable>& variables) {
  std::string names;
  for (const Variable& variable : variables) {
    names += (names.empty() ? "'" : ", '") + variable.name() + "'";
  }
  throw ValueError(text("No gradients provided for any variable: [", names, "]."));
}

}  // namespace

Tensor LearningRate::get(DType dtype) {
  if (function_) return function_();
  if (!constant_.defined() || constant_.dtype() != dtype) {
    const InitScope outside;
    constant_ = scalar_like(value_, dtype);
  }
  return constant_;
}

Optimizer::Optimizer(std::string name) : name_(std::move(name)) {
  if (name_.empty()) throw ValueError("Must specify the optimizer name");
}

// ---- Slots ----

Variable Optimizer::get_slot(const Variable& variable, const std::string& name) const {
  const std::vector<std::string> names = slot_names();
  const auto at = std::ranges::find(names, name);
  const auto found = slots_.find(variable.id());
  if (at == names.end() || found == slots_.end()) return {};
  return found->second[static_cast<std::size_t>(at - names.begin())];
}

std::vector<std::string> Optimizer::get_slot_names() const {
  if (slots_.empty()) return {};
  std::vector<std::string> names = slot_names();
  std::ranges::sort(names);
  return names;
}

std::vector<Variable> Optimizer::variables() const {
  std::vector<Variable> all = shared_;
  for (const auto& [id, slots] : slots_) all.insert(all.end(), slots.begin(), slots.end());
  std::ranges::sort(all, [](const Variable& a, const Variable& b) { return a.name() < b.name(); });
  return all;
}

void Optimizer::add_shared(const std::string& name, double initial_value, DType dtype) {
  const NameScope at_root(None);
  shared_.emplace_back([&] { return scalar_like(initial_value, dtype); },
                       VariableArgs{.trainable = false, .name = name});
}

const std::vector<Variable>& Optimizer::slots_of(const Variable& variable) {
  const auto found = slots_.find(variable.id());
  if (found != slots_.end()) return found->second;
  std::vector<Variable> slots;
  for (std::size_t i = 0; i < slot_names().size(); ++i) {
    slots.push_back(make_slot(variable, name_));
  }
  return slots_.emplace(variable.id(), std::move(slots)).first->second;
}

const std::vector<Variable>& Optimizer::arguments_for(const std::vector<Variable>& variables) {
  const auto same = [](const Variable& a, const Variable& b) { return a.is(b); };
  if (!arguments_.empty() && std::ranges::equal(variables, planned_, same)) return arguments_;
  const InitScope outside;
  if (!has_shared_) {
    create_shared(variables.front().dtype());
    has_shared_ = true;
  }
  arguments_ = shared_;
  for (const Variable& variable : variables) {
    arguments_.push_back(variable);
    const std::vector<Variable>& slots = slots_of(variable);
    arguments_.insert(arguments_.end(), slots.begin(), slots.end());
  }
  planned_ = variables;
  return arguments_;
}

// ---- Steps ----

void Optimizer::minimize(const std::function<Tensor()>& loss,
                         const std::optional<std::vector<Variable>>& var_list,
                         const Variable& global_step) {
  apply_gradients(compute_gradients(loss, var_list), global_step);
}

std::vector<GradientAndVariable> Optimizer::compute_gradients(
    const std::function<Tensor()>& loss,
    const std::optional<std::vector<Variable>>& var_list) const {
  GradientTape tape;
  if (var_list) {
    for (const Variable& variable : *var_list) tape.watch(variable);
  }
  const Tensor value = loss();
  const std::vector<Variable> variables = var_list ? *var_list : tape.watched_variables();
  const std::vector<Tensor> gradients = tape.gradient(value, variables);
  std::vector<GradientAndVariable> result;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    result.emplace_back(gradients[i], variables[i]);
  }
  return result;
}

void Optimizer::apply_gradients(const std::vector<GradientAndVariable>& grads_and_vars,
                                const Variable& global_step) {
  std::vector<Tensor> gradients;
  std::vector<Variable> variables;
  gradients.reserve(grads_and_vars.size());
  variables.reserve(grads_and_vars.size());
  for (const auto& [gradient, variable] : grads_and_vars) {
    gradients.push_back(gradient);
    variables.push_back(variable);
  }
  apply_gradients(gradients, variables, global_step);
}

void Optimizer::apply_gradients(const std::vector<Tensor>& gradients,
                                const std::vector<Variable>& variables,
                                const Variable& global_step) {
  if (gradients.size() != variables.size()) {
    throw ValueError(text("Optimizer.apply_gradients: ", gradients.size(), " gradients for ",
                          variables.size(), " variables"));
  }
  if (std::ranges::all_of(gradients, &Tensor::defined) && !gradients.empty()) {
    apply(gradients, variables);
  } else {
    std::vector<Tensor> some;
    std::vector<Variable> theirs;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i].defined()) continue;
      some.push_back(gradients[i]);
      theirs.push_back(variables[i]);
    }
    if (some.empty()) throw_no_gradients(variables);
    apply(some, theirs);
  }
  if (global_step.defined())
    global_step.assign_add(scalar_like(std::int64_t{1}, global_step.dtype()));
}

void Optimizer::apply(const std::vector<Tensor>& gradients,
                      const std::vector<Variable>& variables) {
  for (std::size_t i = 0; i < gradients.size(); ++i) check_gradient(gradients[i], variables[i]);
  update(arguments_for(variables), gradients);
}

}  // namespace keen::compat::v1::train
