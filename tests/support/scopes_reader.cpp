#include "tests/support/scopes_reader.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "runtime/base/text.h"
#include "runtime/tensor/random_state.h"
#include "runtime/trace/graph_builder.h"
#include "shim/compat/v1/keras/utils/track_tf1_style_variables.h"
#include "shim/compat/v1/variable_store.h"
#include "shim/keras/backend.h"
#include "shim/keras/layers/layer.h"
#include "tests/support/scope_player.h"

namespace keen::test {
namespace {

using nlohmann::json;

// What owns the variables of a scenario: a layer or a plain module.
class LayerHolder final : public keras::layers::Layer {};
class ModuleHolder final : public Module {};

// The element values, flat.
json values_of(const Variable& variable) {
  json values = json::array();
  const Tensor value = variable.value();
  visit_dtype<float, double, std::int32_t, std::int64_t, bool, std::string>(
      value.dtype(), [&]<class T>() {
        for (const auto& each : value.to_vector<T>()) values.push_back(static_cast<T>(each));
      });
  return values;
}

json names_of(const std::vector<Variable>& variables) {
  json names = json::array();
  for (const Variable& variable : variables) names.push_back(variable.name());
  return names;
}

class ScenarioPlayer {
 public:
  ScenarioPlayer(const json& scenario, bool function) : scenario_(scenario), function_(function) {}

  json play() {
    keras::backend::clear_session();
    const random::RandomStateScope random;
    random::set_seed(1);
    for (const json& call : scenario_.at("calls")) {
      check_fields("call", call, {"steps", "object", "outside_shim"});
      play_call(call);
    }
    json final = json::object();
    for (const auto& [name, object] : objects_) final[name] = state_of(*object);
    return {{"log", player_.log()}, {"final", final}};
  }

 private:
  void play_call(const json& call) {
    const auto run = [&] {
      try {
        player_.run(call.at("steps"));
      } catch (const Stopped&) {  // the error is in the log
      }
    };
    if (call.value("outside_shim", false)) {
      run();
      return;
    }
    const auto name = call.value("object", "A");
    std::unique_ptr<Module>& object = objects_[name];
    if (!object && scenario_.value("module", false)) object = std::make_unique<ModuleHolder>();
    if (!object) object = std::make_unique<LayerHolder>();
    const auto tracked_run = [&] {
      const auto tracked = compat::v1::keras::utils::track_tf1_style_variables(*object);
      run();
    };
    if (!function_) {
      tracked_run();
      return;
    }
    trace::GraphBuilder builder(true);
    static_cast<void>(builder.build({}, {}, [&](std::span<const Tensor>) {
      tracked_run();
      return std::vector<Tensor>();
    }));
  }

  json state_of(const Module& object) const {
    compat::v1::VariableStore& store = *object.v1_store();
    json regularizer_keys = json::array();
    json regularizer_values = json::object();
    for (const auto& [variable, regularizer] : store.regularizers()) {
      regularizer_keys.push_back(variable.name());
      const Tensor loss = regularizer(variable.value());
      if (!loss.defined()) continue;
      visit_dtype<float, double>(loss.dtype(), [&, name = variable.name()]<class T>() {
        regularizer_values[name] = static_cast<float>(loss.item<T>());
      });
    }
    json state{{"variables", names_of(object.variables())},
               {"trainable_variables", names_of(object.trainable_variables())},
               {"creation_order", names_of(store.in_creation_order())},
               {"store_keys", store.keys()},
               {"regularizer_keys", regularizer_keys}};
    if (const auto* layer = dynamic_cast<const LayerHolder*>(&object)) {
      state["number_of_losses"] = layer->losses().size();
    }
    if (scenario_.value("values", false)) {
      state["values"] = json::object();
      for (const Variable& variable : store.in_creation_order()) {
        state["values"][variable.name()] = values_of(variable);
      }
      state["regularizer_values"] = regularizer_values;
    }
    return state;
  }

  const json& scenario_;
  const bool function_;
  ScopePlayer player_;
  std::map<std::string, std::unique_ptr<Module>> objects_;
};

// Fields that differ, event by event and object by object.
Differences compare(const json& got, const json& want) {
  Differences differences;
  check_fields("expect", want, {"log", "final"});
  const json& events = got.at("log");
  const json& wanted = want.at("log");
  for (std::size_t i = 0; i < std::max(events.size(), wanted.size()); ++i) {
    const json event = i < events.size() ? events[i] : json();
    const json other = i < wanted.size() ? wanted[i] : json();
    if (event != other) {
      differences.push_back(text("event ", i, ": got ", event.dump(), ", want ", other.dump()));
      break;
    }
  }
  for (const auto& [name, state] : want.at("final").items()) {
    for (const auto& [field, value] : state.items()) {
      const json& mine = got.at("final").value(name, json::object()).value(field, json());
      if (mine != value) {
        differences.push_back(
            text(name, " ", field, ": got ", mine.dump(), ", want ", value.dump()));
      }
    }
  }
  if (got.at("final").size() != want.at("final").size()) {
    differences.push_back(text("there are ", got.at("final").size(), " objects"));
  }
  return differences;
}

}  // namespace

std::vector<GoldenTest> read_scopes(const GoldenFile&, const json& contents) {
  check_fields("scopes.json", contents, {"format", "tensorflow", "scenarios"});
  std::vector<GoldenTest> tests;
  for (const json& scenario : contents.at("scenarios")) {
    const auto id = scenario.at("id").get<std::string>();
    check_fields(id, scenario, {"id", "title", "calls", "values", "modes", "module", "expect"});
    for (const auto& [mode, expected] : scenario.at("expect").items()) {
      // Graphs with sessions are not what the shim is.
      if (mode == "graph") continue;
      if (mode != "shim" && mode != "shim_function") {
        throw std::runtime_error(text(id, ": the reader does not know the mode ", mode));
      }
      tests.push_back({"scopes." + id, mode, [scenario, mode = mode, want = expected] {
                         return compare(ScenarioPlayer(scenario, mode != "shim").play(), want);
                       }});
    }
  }
  return tests;
}

}  // namespace keen::test
