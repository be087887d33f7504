#include "tests/support/model_reader.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "kernels/elementwise.h"
#include "kernels/random.h"
#include "runtime/tensor/random_state.h"
#include "runtime/trace/function.h"
#include "shim/compat/v1/variable_store.h"
#include "shim/keras/backend.h"
#include "shim/keras/utils.h"
#include "tests/support/golden_models.h"
#include "tests/support/model_checks.h"

namespace keen::test {
namespace {

using keras::layers::Layer;
using nlohmann::json;

// Names and random numbers as in a new process after keras.utils.set_random_seed.
class FreshStart {
 public:
  explicit FreshStart(std::int64_t seed) {
    keras::backend::clear_session();
    keras::utils::set_random_seed(seed);
  }

 private:
  random::RandomStateScope random_;
};

// Losses and output after all weights have become zero.
void check_zeroed(ModelChecks& checks, Layer& layer, const Tensor& x, const json& want) {
  check_fields("zeroed", want,
               {"losses_before", "losses_after_assign_before_call", "losses_after_call", "output",
                "weights"});
  checks.numbers("losses_before", layer.losses(), want.at("losses_before"));
  for (const Variable& variable : layer.trainable_variables()) variable.assign(variable * 0.0);
  checks.numbers("losses after zeroing", layer.losses(),
                 want.at("losses_after_assign_before_call"));
  const Tensor output = layer(x);
  checks.numbers("losses_after_call", layer.losses(), want.at("losses_after_call"));
  checks.close("zeroed output", output, want.at("output"));
  checks.names("zeroed weights", layer.weights(), want.at("weights"));
}

// The first call, on an input that is drawn like the weights, and what it made.
Tensor first_call(ModelChecks& checks, Layer& layer, const Shape& shape, const json& contents) {
  Tensor x = random::normal(shape);
  checks.exact("x", x, "x");
  static_cast<void>(layer(x));
  checks.layer(layer, contents);
  return x;
}

void check_function(ModelChecks& checks, Layer& layer, const Tensor& x, const json& want) {
  check_fields("tf_function", want, {"output", "losses_after"});
  const auto traced = function([&layer](const Tensor& t) { return layer(t); });
  checks.close("tf_function output", traced(x), want.at("output"));
  checks.close("tf_function output, replayed", traced(x), want.at("output"));
  checks.numbers("losses after tf_function", layer.losses(), want.at("losses_after"));
}

void check_module(ModelChecks& checks, const Tensor& x, const json& want) {
  check_fields("module", want,
               {"variables", "trainable", "values", "output", "has_losses", "regularizer_keys"});
  DenseModule module(10);
  const Tensor output = module(x);
  const std::vector<Variable> variables = module.variables();
  checks.variables(variables, want.at("variables"));
  checks.names("module trainable", module.trainable_variables(), want.at("trainable"));
  for (std::size_t i = 0; i < variables.size(); ++i) {
    checks.exact("module value " + variables[i].name(), variables[i].value(),
                 want.at("values").at(i));
  }
  checks.close("module output", output, want.at("output"));
  std::vector<Variable> regularized;
  for (const auto& each : module.v1_store()->regularizers()) regularized.push_back(each.variable);
  checks.names("module regularizers", regularized, want.at("regularizer_keys"));
}

// The random ops and Keras seeds that a case lists show in the values of the weights; that a
// method's object must be a module (not_a_module), and that a module has no losses, is for the
// compiler to say.
constexpr auto kModelFields = {"format",
                               "case",
                               "title",
                               "tensorflow",
                               "tensors",
                               "seed",
                               "random_ops_first_call",
                               "keras_seeds_first_call",
                               "order",
                               "definition",
                               "variables",
                               "creation_order",
                               "weights",
                               "trainable_weights",
                               "non_trainable_weights",
                               "call",
                               "tf_function",
                               "zeroed",
                               "module",
                               "not_a_module"};

Differences play_dense(const GoldenFile& file, const json& contents) {
  check_fields(file.name, contents, kModelFields);
  ModelChecks checks(file);
  const auto seed = contents.at("seed").get<std::int64_t>();
  {
    const FreshStart fresh(seed);
    DenseLayer layer(10);
    const Tensor x = first_call(checks, layer, {8, 20}, contents);
    checks.call(layer, x, contents.at("call"));
    check_function(checks, layer, x, contents.at("tf_function"));
    check_zeroed(checks, layer, x, contents.at("zeroed"));
  }
  const FreshStart fresh(seed);
  check_module(checks, checks.array("x"), contents.at("module"));
  return checks.take();
}

Differences play_layers(const GoldenFile& file, const json& contents) {
  check_fields(file.name, contents, kModelFields);
  ModelChecks checks(file);
  const FreshStart fresh(contents.at("seed").get<std::int64_t>());
  CompatV1LayerModel layer(10);
  const Tensor x = first_call(checks, layer, {8, 5, 5, 5}, contents);
  checks.call(layer, x, contents.at("call"));
  check_zeroed(checks, layer, x, contents.at("zeroed"));
  return checks.take();
}

// ---- batch_norm ----

std::optional<bool> training_of(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<bool>());
}

const Variable& variable_named(const std::vector<Variable>& variables, const std::string& part) {
  for (const Variable& variable : variables) {
    if (variable.name().find(part) != std::string::npos) return variable;
  }
  throw std::runtime_error("no variable is named " + part);
}

void check_moving_averages(ModelChecks& checks, const Layer& layer, const json& step) {
  const std::vector<Variable> variables = layer.non_trainable_variables();
  checks.close("moving_mean", variable_named(variables, "moving_mean").value(),
               step.at("moving_mean"));
  checks.close("moving_variance", variable_named(variables, "moving_variance").value(),
               step.at("moving_variance"));
}

// The guide's functional model runs the layer's call on the x of that moment: here the layer itself
// is called with it.
Differences play_guide(const GoldenFile& file, const json& contents) {
  check_fields(file.name, contents,
               {"format", "case", "title", "tensorflow", "tensors", "seed", "note", "steps",
                "weights", "trainable", "non_trainable"});
  ModelChecks checks(file);
  const FreshStart fresh(contents.at("seed").get<std::int64_t>());
  CompatV1BatchNorm layer;
  const Tensor at_construction = random::normal({8, 5, 5, 5});
  checks.exact("x_at_construction", at_construction, "x_at_construction");
  static_cast<void>(layer(at_construction));
  const Tensor x = random::normal({8, 5, 5, 5});
  checks.exact("x", x, "x");
  for (const json& step : contents.at("steps")) {
    check_fields("step", step, {"training", "output", "moving_mean", "moving_variance"});
    checks.close("output", layer(x, {.training = training_of(step.at("training"))}),
                 step.at("output"));
    check_moving_averages(checks, layer, step);
  }
  checks.names("weights", layer.weights(), contents.at("weights"));
  checks.names("trainable", layer.trainable_variables(), contents.at("trainable"));
  checks.names("non_trainable", layer.non_trainable_variables(), contents.at("non_trainable"));
  return checks.take();
}

// The gradient of sum(output**2) is what remains of terms of up to 11 that cancel: TensorFlow's own
// values lie up to 5e-6 beside those computed in float64.
constexpr Tolerance kCancelled{1e-4, 1e-5};

Differences play_normalization(const GoldenFile& file, const json& contents) {
  check_fields(file.name, contents,
               {"format", "case", "title", "tensorflow", "tensors", "momentum", "fused", "epsilon",
                "definition", "variables", "creation_order", "weights", "trainable_weights",
                "non_trainable_weights", "steps", "s0_call", "s1_call", "s2_call", "s3_call"});
  ModelChecks checks(file);
  const FreshStart fresh(1);
  if (contents.at("epsilon") != 0.001) throw std::runtime_error("another epsilon");
  const json& fused = contents.at("fused");
  CompatV1BatchNorm layer(contents.at("momentum").get<double>(), training_of(fused));
  const Tensor& x = checks.array("x");
  static_cast<void>(layer(x, {.training = false}));
  // The trainable weights of this case are its own.
  const std::vector<Variable> variables = layer.trainable_variables();
  for (const json& row : contents.at("variables")) {
    if (!row.at("trainable").get<bool>()) continue;
    variable_named(variables, row.at("name").get<std::string>())
        .assign(checks.array(row.at("initial")));
  }
  checks.layer(layer, contents);
  for (const json& step : contents.at("steps")) {
    check_fields("step", step, {"training", "call", "moving_mean", "moving_variance"});
    checks.call(layer, x, contents.at(step.at("call").get<std::string>()),
                training_of(step.at("training")), kCancelled);
    check_moving_averages(checks, layer, step);
  }
  return checks.take();
}

using Player = Differences (*)(const GoldenFile&, const json&);

std::vector<GoldenTest> one_test(const GoldenFile& file, const json& contents,
                                 const std::string& name, Player player) {
  return {{"model", name, [file, contents, player] { return player(file, contents); }}};
}

}  // namespace

std::vector<GoldenTest> read_dense_get_variable(const GoldenFile& file, const json& contents) {
  return one_test(file, contents, file.name, play_dense);
}

std::vector<GoldenTest> read_v1_layers_model(const GoldenFile& file, const json& contents) {
  return one_test(file, contents, file.name, play_layers);
}

std::vector<GoldenTest> read_batch_norm(const GoldenFile& file, const json& contents) {
  return one_test(file, contents, "batch_norm_" + file.name,
                  file.name == "guide" ? play_guide : play_normalization);
}

}  // namespace keen::test
