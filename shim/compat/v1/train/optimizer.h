// TF1's optimizers (tf.compat.v1.train.Optimizer).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::compat::v1::train {

// A gradient (undefined: none) and the variable that it belongs to.
using GradientAndVariable = std::pair<Tensor, Variable>;

// A learning rate: a number, a scalar tensor or variable, or a function that gives one.
class LearningRate {
 public:
  LearningRate(double value) : value_(value) {}                                          // NOLINT
  LearningRate(const Tensor& value) : function_([value] { return value; }) {}            // NOLINT
  LearningRate(const Variable& value) : function_([value] { return value.value(); }) {}  // NOLINT
  template <class F>
  requires std::is_invocable_r_v<Tensor, const F&> LearningRate(F function)  // NOLINT
      : function_(std::move(function)) {}

  // The rate of now as a scalar of that dtype.
  [[nodiscard]] Tensor get(DType dtype);

 private:
  double value_ = 0;
  std::function<Tensor()> function_;
  Tensor constant_;  // of value_, in the dtype asked for last
};

// Updates variables by their gradients, all of them in one op. Never copied: slots are variables.
class Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer() = default;

  // compute_gradients and apply_gradients.
  void minimize(const std::function<Tensor()>& loss,
                const std::optional<std::vector<Variable>>& var_list = std::nullopt,
                const Variable& global_step = {});
  // Gradients of what `loss` gives, for the variables of the list or for all trainable ones that
  // were read.
  [[nodiscard]] std::vector<GradientAndVariable> compute_gradients(
      const std::function<Tensor()>& loss,
      const std::optional<std::vector<Variable>>& var_list = std::nullopt) const;
  // Makes the slots that are missing, updates the variables that have a gradient, and adds one to
  // `global_step` if it is given. ValueError where there is no gradient at all.
  void apply_gradients(const std::vector<GradientAndVariable>& grads_and_vars,
                       const Variable& global_step = {});
  // zip(gradients, variables). ValueError for different lengths.
  void apply_gradients(const std::vector<Tensor>& gradients, const std::vector<Variable>& variables,
                       const Variable& global_step = {});

  [[nodiscard]] const std::string& get_name() const { return name_; }
  // The slot of a variable; undefined if there is none.
  [[nodiscard]] Variable get_slot(const Variable& variable, const std::string& name) const;
  // Sorted.
  [[nodiscard]] std::vector<std::string> get_slot_names() const;
  // All slots and the optimizer's other variables, by name.
  [[nodiscard]] std::vector<Variable> variables() const;

 protected:
  explicit Optimizer(std::string name);

  // Names of the slots of each variable, in the order in which the update takes them.
  [[nodiscard]] virtual std::vector<std::string> slot_names() const { return {}; }
  // Makes variables that belong to no single one; `dtype` is that of the first update.
  virtual void create_shared(DType dtype) { static_cast<void>(dtype); }
  // `variables`: the shared ones, then each variable followed by its slots.
  virtual void update(std::span<const Variable> variables, std::span<const Tensor> gradients) = 0;

  // A shared variable, listed under that name.
  void add_shared(const std::string& name, double initial_value, DType dtype);

 private:
  void apply(const std::vector<Tensor>& gradients, const std::vector<Variable>& variables);
  [[nodiscard]] const std::vector<Variable>& arguments_for(const std::vector<Variable>& variables);
  [[nodiscard]] const std::vector<Variable>& slots_of(const Variable& variable);

  std::string name_;
  std::unordered_map<std::uint64_t, std::vector<Variable>> slots_;  // by the variable's id
  std::vector<Variable> shared_;
  bool has_shared_ = false;
  // What update() gets for the variables of the last step, which mostly are those of the next.
  std::vector<Variable> planned_;
  std::vector<Variable> arguments_;
};

}  // namespace keen::compat::v1::train
