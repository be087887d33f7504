#include "tests/support/optimizers_reader.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/reduce.h"
#include "runtime/tensor/constant.h"
#include "shim/compat/v1/train/adam.h"
#include "shim/compat/v1/train/gradient_descent.h"
#include "shim/compat/v1/train/momentum.h"
#include "shim/keras/backend.h"
#include "tests/support/golden_arrays.h"

namespace keen::test {
namespace {

using nlohmann::json;
namespace train = compat::v1::train;

// The settings tell the optimizer.
std::unique_ptr<train::Optimizer> optimizer_of(const json& config) {
  const double rate = config.at("lr").get<double>();
  if (config.contains("beta1")) {
    check_fields("config", config, {"lr", "beta1", "beta2", "epsilon"});
    return std::make_unique<train::AdamOptimizer>(
        rate, train::AdamArgs{.beta1 = config.at("beta1").get<double>(),
                              .beta2 = config.at("beta2").get<double>(),
                              .epsilon = config.at("epsilon").get<double>()});
  }
  if (config.contains("momentum")) {
    check_fields("config", config, {"lr", "momentum", "nesterov"});
    return std::make_unique<train::MomentumOptimizer>(
        rate, config.at("momentum").get<double>(),
        train::MomentumArgs{.use_nesterov = config.value("nesterov", false)});
  }
  check_fields("config", config, {"lr"});
  return std::make_unique<train::GradientDescentOptimizer>(rate);
}

class Play {
 public:
  Play(const GoldenFile& file, const json& contents)
      : contents_(contents),
        arrays_(GoldenArrays::read(file.folder + "/arrays.safetensors")),
        w_(arrays_.at("w0"), {.name = "w"}),
        b_(arrays_.at("b0"), {.name = "b"}),
        global_step_(constant(std::int64_t{0}), {.trainable = false, .name = "global_step"}),
        optimizer_(optimizer_of(contents.at("config"))) {}

  [[nodiscard]] Differences run() {
    if (contents_.at("problem") != "loss = sum((x @ w + b - y)**2); variables w, b") {
      throw std::runtime_error("unknown problem " + contents_.at("problem").dump());
    }
    for (const json& entry : contents_.at("history")) {
      if (entry.contains("values")) {
        compare_state(entry);
      } else {
        compare_step(entry);
      }
    }
    compare_names();
    return std::move(differences_);
  }

 private:
  [[nodiscard]] Tensor loss() const {
    return reduce_sum(square(matmul(arrays_.at("x"), w_) + b_ - arrays_.at("y")));
  }

  // Eager cases: the loss before a step and the variables after it.
  void compare_step(const json& entry) {
    check_fields("history", entry, {"loss_before", "w", "b"});
    compare_loss(entry.at("loss_before"));
    optimizer_->minimize([this] { return loss(); }, {{w_, b_}}, global_step_);
    compare("w", w_, entry.at("w"));
    compare("b", b_, entry.at("b"));
  }

  // Cases of sessions: all variables after each step, the first entry before any. Slots are made
  // by the first step here, and then are as those that began with zeros.
  void compare_state(const json& entry) {
    check_fields("history", entry, {"loss", "values"});
    if (steps_++ != 0) optimizer_->minimize([this] { return loss(); }, {{w_, b_}}, global_step_);
    compare_loss(entry.at("loss"));
    for (const auto& [name, key] : entry.at("values").items()) {
      const Variable* variable = find(name);
      if (variable != nullptr) {
        compare(name, *variable, key);
      } else if (steps_ != 1) {
        differences_.push_back("there is no variable " + name);
      }
    }
  }

  [[nodiscard]] const Variable* find(const std::string& name) {
    all_ = optimizer_->variables();
    all_.insert(all_.end(), {w_, b_, global_step_});
    for (const Variable& variable : all_) {
      if (variable.name() == name) return &variable;
    }
    return nullptr;
  }

  void compare_names() {
    json names = json::array();
    for (const Variable& variable : optimizer_->variables()) names.push_back(variable.name());
    compare_json("extra_variables", names);
    compare_json("slot_names", optimizer_->get_slot_names());
    for (const json& slot : contents_.value("slots", json::array())) {
      const Variable* owner = find(slot.at("variable").get<std::string>());
      const Variable found = optimizer_->get_slot(*owner, slot.at("slot").get<std::string>());
      if (!found.defined() || found.name() != slot.at("name")) {
        differences_.push_back("slot: want " + slot.dump());
      }
    }
  }

  void compare_json(const char* field, const json& got) {
    if (contents_.contains(field) && got != contents_.at(field)) {
      differences_.push_back(std::string(field) + ": got " + got.dump() + ", want " +
                             contents_.at(field).dump());
    }
  }

  void compare_loss(const json& want) {
    add(difference("loss", loss(), constant(want.get<float>()), kGradients));
  }
  void compare(const std::string& what, const Tensor& got, const json& key) {
    add(difference(what, got, arrays_.at(key.get<std::string>()), kGradients));
  }
  void add(std::string text) {
    if (!text.empty()) differences_.push_back(std::move(text));
  }

  const json& contents_;
  const GoldenArrays arrays_;
  const Variable w_;
  const Variable b_;
  const Variable global_step_;
  const std::unique_ptr<train::Optimizer> optimizer_;
  std::vector<Variable> all_;
  int steps_ = 0;
  Differences differences_;
};

}  // namespace

std::vector<GoldenTest> read_optimizers(const GoldenFile& file, const json& contents) {
  const auto play = [file, contents] {
    check_fields("case", contents,
                 {"format", "case", "title", "tensorflow", "problem", "steps", "config", "history",
                  "slot_names", "slots", "extra_variables", "global_variables",
                  "trainable_variables", "tensors"});
    keras::backend::clear_session();
    return Play(file, contents).run();
  };
  return {{file.kind, file.name, play}};
}

}  // namespace keen::test
