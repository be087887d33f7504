#include "tests/support/scope_player.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "runtime/base/error.h"
#include "runtime/op/call.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/get_variable.h"
#include "shim/compat/v1/scope_state.h"
#include "shim/compat/v1/variable_store.h"
#include "shim/name_scope.h"
#include "tests/support/golden.h"
#include "tests/support/scope_values.h"

namespace keen::test {
namespace {

using nlohmann::json;
namespace v1 = compat::v1;

Tensor ones_of(const json& shape) {
  return fill(Shape(shape.get<std::vector<std::int64_t>>()), 1.0);
}

// The names in the current store, in the order of creation.
std::vector<std::string> store_names() {
  const v1::VariableStore* store = v1::detail::ScopeState::current().store();
  std::vector<std::string> names;
  if (store == nullptr) return names;
  for (const Variable& variable : store->in_creation_order()) names.push_back(variable.name());
  return names;
}

json names_of(const std::vector<Variable>& variables) {
  json names = json::array();
  for (const Variable& variable : variables) names.push_back(variable.name());
  return names;
}

}  // namespace

ScopePlayer::Step ScopePlayer::step_named(const std::string& op) {
  static const std::map<std::string, Step> steps{
      {"try", &ScopePlayer::try_steps},
      {"scope", &ScopePlayer::open_scope},
      {"name_scope", &ScopePlayer::open_name_scope},
      {"get_variable", &ScopePlayer::get_variable},
      {"variable", &ScopePlayer::make_variable},
      {"op", &ScopePlayer::name_op},
      {"set_reuse", &ScopePlayer::set_reuse},
      {"set_scope", &ScopePlayer::set_scope},
      {"current_scope", &ScopePlayer::look_at_scope},
      {"layer", &ScopePlayer::call_function},
      {"new_layer", &ScopePlayer::make_layer},
      {"call_layer", &ScopePlayer::call_layer},
      {"assign", &ScopePlayer::assign},
  };
  const auto found = steps.find(op);
  if (found == steps.end()) throw std::runtime_error("the reader does not know the step " + op);
  return found->second;
}

void ScopePlayer::run(const json& steps) {
  for (const json& step : steps) {
    const auto op = step.at("op").get<std::string>();
    const Step function = step_named(op);
    try {
      (this->*function)(step);
    } catch (const Error& error) {
      emit(
          "error",
          {{"op", op},
           {"error",
            {{"type", error.kind()}, {"message", error.what()}, {"definition_traceback", false}}}});
      throw Stopped();
    }
  }
}

void ScopePlayer::emit(const char* event, json fields) {
  fields["event"] = event;
  log_.push_back(std::move(fields));
}

template <class T>
const T& ScopePlayer::named(const json& name) const {
  const auto found = names_.find(name.get<std::string>());
  if (found == names_.end()) throw std::runtime_error("nothing was named " + name.dump());
  return std::get<T>(found->second);
}

json ScopePlayer::description_of(const Variable& variable) {
  auto found = std::find(known_.begin(), known_.end(), variable.id());
  if (found == known_.end()) found = known_.insert(found, variable.id());
  return {{"kind", "variable"},
          {"id", found - known_.begin()},
          {"name", variable.name()},
          {"shape", dims_of(variable.shape())},
          {"dtype", name_of(variable.dtype())},
          {"trainable", variable.trainable()}};
}

// ---- Steps ----

void ScopePlayer::try_steps(const json& step) {
  check_fields("try", step, {"op", "body"});
  try {
    run(step.at("body"));
  } catch (const Stopped&) {  // the error is in the log
  }
}

void ScopePlayer::open_scope(const json& step) {
  check_fields("scope", step,
               {"op", "name", "default_name", "reuse", "initializer", "regularizer", "dtype",
                "auxiliary_name_scope", "as", "body"});
  const json& name = step.at("name");
  const auto text = name.is_string() ? name.get<std::string>() : std::string();
  v1::VariableScopeArgs args{.auxiliary_name_scope = step.value("auxiliary_name_scope", true)};
  const auto default_name = step.value("default_name", std::string());
  if (step.contains("default_name")) args.default_name = default_name;
  if (step.contains("reuse")) args.reuse = reuse_of(step.at("reuse"));
  if (step.contains("initializer")) args.initializer = initializer_of(step.at("initializer"));
  if (step.contains("regularizer")) args.regularizer = regularizer_of(step.at("regularizer"));
  if (step.contains("dtype")) args.dtype = dtype_from_name(step.at("dtype").get<std::string>());
  const v1::NameOrScope which = name.is_object() ? named<v1::VariableScope>(name.at("ref"))
                                : name.is_null() ? v1::NameOrScope(None)
                                                 : v1::NameOrScope(text);
  const auto guard = v1::variable_scope(which, args);
  const v1::VariableScope scope = guard.scope();
  if (step.contains("as")) names_.insert_or_assign(step.at("as").get<std::string>(), scope);
  emit("enter", {{"name", scope.name()},
                 {"original_name_scope", scope.original_name_scope()},
                 {"reuse", reuse_text(scope.reuse())}});
  run(step.value("body", json::array()));
}

void ScopePlayer::open_name_scope(const json& step) {
  check_fields("name_scope", step, {"op", "name", "api", "body"});
  if (step.contains("api") && step.at("api") != "v2") {
    throw std::runtime_error("the reader does not know the api " + step.at("api").dump());
  }
  const NameScope scope(step.at("name").get<std::string>());
  emit("enter_name_scope", {{"name", scope.name()}});
  run(step.value("body", json::array()));
}

void ScopePlayer::get_variable(const json& step) {
  check_fields("get_variable", step,
               {"op", "name", "shape", "trainable", "collections", "as", "initializer",
                "regularizer", "dtype"});
  v1::GetVariableArgs args;
  if (step.contains("shape")) {
    std::vector<std::int64_t> dims;
    for (const json& dim : step.at("shape")) dims.push_back(dim.is_null() ? -1 : dim.get<int>());
    args.shape = Shape(dims);
  }
  if (step.contains("trainable")) args.trainable = step.at("trainable").get<bool>();
  if (step.contains("initializer")) args.initializer = initializer_of(step.at("initializer"));
  if (step.contains("regularizer")) args.regularizer = regularizer_of(step.at("regularizer"));
  if (step.contains("dtype")) args.dtype = dtype_from_name(step.at("dtype").get<std::string>());
  if (step.contains("collections")) {
    args.collections = v1::Collections(step.at("collections").get<std::vector<std::string>>());
  }
  const v1::VariableLike got = v1::get_variable(step.at("name").get<std::string>(), args);
  if (step.contains("as"))
    names_.insert_or_assign(step.at("as").get<std::string>(), got.variable());
  emit("variable", description_of(got.variable()));
}

void ScopePlayer::make_variable(const json& step) {
  check_fields("variable", step, {"op", "name", "value", "trainable", "as"});
  const Variable variable(
      Tensor::from_vector(step.at("value").get<std::vector<float>>()),
      {.trainable = step.value("trainable", true), .name = step.at("name").get<std::string>()});
  if (step.contains("as")) names_.insert_or_assign(step.at("as").get<std::string>(), variable);
  emit("variable", description_of(variable));
}

void ScopePlayer::name_op(const json& step) {
  check_fields("op", step, {"op", "name"});
  Context& context = Context::current();
  if (context.tracer() == nullptr) {
    emit("op", {{"name", nullptr}});
    return;
  }
  const auto name = step.at("name").get<std::string>();
  emit("op", {{"name", context.tracer()->unique_name(context.name_scope() + name)}});
}

void ScopePlayer::set_reuse(const json& step) {
  check_fields("set_reuse", step, {"op"});
  v1::get_variable_scope().reuse_variables();
  emit("reuse", {{"value", reuse_text(v1::get_variable_scope().reuse())}});
}

void ScopePlayer::set_scope(const json& step) {
  check_fields("set_scope", step, {"op", "initializer", "regularizer", "dtype"});
  const v1::VariableScope scope = v1::get_variable_scope();
  if (step.contains("initializer")) scope.set_initializer(initializer_of(step.at("initializer")));
  if (step.contains("regularizer")) scope.set_regularizer(regularizer_of(step.at("regularizer")));
  if (step.contains("dtype")) {
    scope.set_dtype(dtype_from_name(step.at("dtype").get<std::string>()));
  }
}

void ScopePlayer::look_at_scope(const json& step) {
  check_fields("current_scope", step, {"op", "as"});
  const v1::VariableScope scope = v1::get_variable_scope();
  if (step.contains("as")) names_.insert_or_assign(step.at("as").get<std::string>(), scope);
  emit("current_scope", {{"name", scope.name()},
                         {"original_name_scope", scope.original_name_scope()},
                         {"reuse", reuse_text(scope.reuse())},
                         {"dtype", name_of(scope.dtype())}});
}

void ScopePlayer::call_function(const json& step) {
  check_fields("layer", step, {"op", "kind", "input", "args"});
  const std::vector<std::string> before = store_names();
  const auto kind = step.at("kind").get<std::string>();
  const Tensor out = call_layer_function(kind, ones_of(step.at("input")), step.at("args"));
  json added = json::array();
  for (const std::string& name : store_names()) {
    if (std::find(before.begin(), before.end(), name) == before.end()) added.push_back(name);
  }
  emit("layer", {{"kind", kind}, {"shape", dims_of(out.shape())}, {"new_variables", added}});
}

void ScopePlayer::make_layer(const json& step) {
  check_fields("new_layer", step, {"op", "kind", "args", "as"});
  const Layer layer = make_layer_object(step.at("kind").get<std::string>(), step.at("args"));
  names_.insert_or_assign(step.at("as").get<std::string>(), layer);
  emit("new_layer", {{"layer_name", layer->name()}});
}

void ScopePlayer::call_layer(const json& step) {
  check_fields("call_layer", step, {"op", "layer", "input"});
  const Layer& layer = named<Layer>(step.at("layer"));
  const Tensor out = (*layer)(ones_of(step.at("input")));
  emit("call_layer", {{"shape", dims_of(out.shape())},
                      {"scope_name", layer->scope_name()},
                      {"weights", names_of(layer->weights())}});
}

void ScopePlayer::assign(const json& step) {
  check_fields("assign", step, {"op", "ref", "value"});
  const auto& variable = named<Variable>(step.at("ref"));
  variable.assign(fill(variable.shape(), step.at("value").get<double>(), variable.dtype()));
}

}  // namespace keen::test
