#include "tests/support/model_checks.h"

#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "shim/compat/v1/variable_store.h"

namespace keen::test {
namespace {

using nlohmann::json;

Tensor number(const json& value) { return Tensor::scalar(value.get<float>()); }

}  // namespace

void ModelChecks::exact(const std::string& what, const Tensor& got, const json& want) {
  add(drawn_difference(what, got, array(want)));
}

void ModelChecks::close(const std::string& what, const Tensor& got, const json& want,
                        const Tolerance& tolerance) {
  add(difference(what, got, array(want), tolerance));
}

void ModelChecks::names(const std::string& what, const std::vector<Variable>& got,
                        const json& want) {
  json names = json::array();
  for (const Variable& variable : got) names.push_back(variable.name());
  if (names != want) add(text(what, ": got ", names.dump(), ", want ", want.dump()));
}

void ModelChecks::numbers(const std::string& what, const std::vector<Tensor>& got,
                          const json& want) {
  if (got.size() != want.size()) {
    add(text(what, ": got ", got.size(), ", want ", want.size()));
    return;
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    add(difference(text(what, " ", i), got[i], number(want[i]), kContraction));
  }
}

void ModelChecks::variables(const std::vector<Variable>& got, const json& want) {
  json rows = json::array();
  for (const Variable& variable : got) {
    const auto dims = variable.shape().dims();
    rows.push_back({{"name", variable.name()},
                    {"shape", std::vector<std::int64_t>(dims.begin(), dims.end())},
                    {"dtype", name_of(variable.dtype())},
                    {"trainable", variable.trainable()}});
  }
  json wanted = want;
  for (json& row : wanted) row.erase("initial");
  if (rows != wanted) {
    add(text("variables: got ", rows.dump(), ", want ", wanted.dump()));
    return;
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!want[i].contains("initial")) continue;
    exact("initial value of " + got[i].name(), got[i].value(), want[i].at("initial"));
  }
}

void ModelChecks::layer(const keras::layers::Layer& layer, const json& contents) {
  variables(layer.variables(), contents.at("variables"));
  names("creation_order", layer.v1_store()->in_creation_order(), contents.at("creation_order"));
  names("weights", layer.weights(), contents.at("weights"));
  names("trainable_weights", layer.trainable_weights(), contents.at("trainable_weights"));
  names("non_trainable_weights", layer.non_trainable_weights(),
        contents.at("non_trainable_weights"));
}

void ModelChecks::call(keras::layers::Layer& layer, const Tensor& x, const json& want,
                       std::optional<bool> training, const Tolerance& input_gradient) {
  check_fields("call", want,
               {"kwargs", "output", "losses", "loss_definition", "loss", "input_grad", "grads"});
  const std::vector<Variable> variables = layer.trainable_variables();
  GradientTape tape;
  tape.watch(x);
  const Tensor output = layer(x, {.training = training});
  const std::vector<Tensor> losses = layer.losses();
  std::vector<Tensor> terms{reduce_sum(square(output))};
  terms.insert(terms.end(), losses.begin(), losses.end());
  const Tensor loss = add_n(terms);
  std::vector<Source> sources(variables.begin(), variables.end());
  sources.emplace_back(x);
  const std::vector<Tensor> gradients = tape.gradient(loss, sources);

  close("output", output, want.at("output"));
  numbers("losses", losses, want.at("losses"));
  add(difference("loss", loss, number(want.at("loss")), kContraction));
  close("input_grad", gradients.back(), want.at("input_grad"), input_gradient);
  if (want.at("grads").size() != variables.size()) add("another number of gradients");
  for (const json& row : want.at("grads")) {
    check_fields("grads", row, {"name", "index", "grad"});
    const auto i = row.at("index").get<std::size_t>();
    if (variables.at(i).name() != row.at("name")) add("gradients in another order");
    close("gradient of " + variables[i].name(), gradients[i], row.at("grad"), kGradients);
  }
}

}  // namespace keen::test
