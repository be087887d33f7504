#include "tests/support/initializers_reader.h"

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "runtime/base/text.h"
#include "runtime/tensor/random_state.h"
#include "shim/compat/v1/initializers.h"
#include "shim/keras/initializers.h"

namespace keen::test {
namespace {

using nlohmann::json;
namespace v1 = compat::v1::initializers;
namespace keras_initializers = keras::initializers;
using Initializer = keras_initializers::Initializer;

constexpr std::int64_t kSeed = 42;

double number(const json& config, const char* field, double missing) {
  return config.contains(field) && !config.at(field).is_null() ? config.at(field).get<double>()
                                                               : missing;
}

keras_initializers::SeedArgs seed_of(const json& config) {
  const json& seed = config.at("seed");
  if (seed.is_null()) return {};
  return {.seed = seed.get<std::int64_t>()};
}

template <class Args>
Args bounds_of(const json& config) {
  return {.minval = number(config, "minval", 0),
          .maxval = number(config, "maxval", 1),
          .seed = seed_of(config).seed};
}

template <class Args>
Args normal_of(const json& config) {
  return {.mean = number(config, "mean", 0),
          .stddev = number(config, "stddev", 1),
          .seed = seed_of(config).seed};
}

// The words must outlive the arguments: `config` does.
keras_initializers::VarianceScalingArgs scaling_of(const json& config) {
  return {.scale = config.at("scale").get<double>(),
          .mode = config.at("mode").get_ref<const std::string&>(),
          .distribution = config.at("distribution").get_ref<const std::string&>(),
          .seed = seed_of(config).seed};
}

using Maker = std::function<Initializer(const json& config)>;

const std::map<std::string, Maker>& makers() {
  namespace k = keras_initializers;
  static const std::map<std::string, Maker> all{
      {"v1.zeros", [](const json&) { return v1::zeros(); }},
      {"v1.ones", [](const json&) { return v1::ones(); }},
      {"v1.constant", [](const json& c) { return v1::constant(c.at("value").get<double>()); }},
      {"v1.random_uniform",
       [](const json& c) { return v1::random_uniform(bounds_of<v1::RandomUniformArgs>(c)); }},
      {"v1.random_normal",
       [](const json& c) { return v1::random_normal(normal_of<v1::RandomNormalArgs>(c)); }},
      {"v1.truncated_normal",
       [](const json& c) { return v1::truncated_normal(normal_of<v1::RandomNormalArgs>(c)); }},
      {"v1.variance_scaling", [](const json& c) { return v1::variance_scaling(scaling_of(c)); }},
      {"v1.glorot_uniform", [](const json& c) { return v1::glorot_uniform(seed_of(c)); }},
      {"v1.glorot_normal", [](const json& c) { return v1::glorot_normal(seed_of(c)); }},
      {"v1.he_uniform", [](const json& c) { return v1::he_uniform(seed_of(c)); }},
      {"v1.he_normal", [](const json& c) { return v1::he_normal(seed_of(c)); }},
      {"v1.lecun_uniform", [](const json& c) { return v1::lecun_uniform(seed_of(c)); }},
      {"v1.lecun_normal", [](const json& c) { return v1::lecun_normal(seed_of(c)); }},
      {"keras.Zeros", [](const json&) { return k::Zeros(); }},
      {"keras.Ones", [](const json&) { return k::Ones(); }},
      {"keras.Constant", [](const json& c) { return k::Constant(c.at("value").get<double>()); }},
      {"keras.RandomUniform",
       [](const json& c) { return k::RandomUniform(bounds_of<k::RandomUniformArgs>(c)); }},
      {"keras.RandomNormal",
       [](const json& c) { return k::RandomNormal(normal_of<k::RandomNormalArgs>(c)); }},
      {"keras.TruncatedNormal",
       [](const json& c) { return k::TruncatedNormal(normal_of<k::RandomNormalArgs>(c)); }},
      {"keras.VarianceScaling", [](const json& c) { return k::VarianceScaling(scaling_of(c)); }},
      {"keras.GlorotUniform", [](const json& c) { return k::GlorotUniform(seed_of(c)); }},
      {"keras.GlorotNormal", [](const json& c) { return k::GlorotNormal(seed_of(c)); }},
      {"keras.HeUniform", [](const json& c) { return k::HeUniform(seed_of(c)); }},
      {"keras.HeNormal", [](const json& c) { return k::HeNormal(seed_of(c)); }},
      {"keras.LecunUniform", [](const json& c) { return k::LecunUniform(seed_of(c)); }},
      {"keras.LecunNormal", [](const json& c) { return k::LecunNormal(seed_of(c)); }},
  };
  return all;
}

}  // namespace

void play_initializer_entry(const json& entry, const RandomPlay& play) {
  expect_fields(entry, {"initializer", "class", "shape", "config", "calls"});
  const auto full_name = entry.at("initializer").get<std::string>();
  // "keras.Constant(2.5)": what stands in brackets is in `config` too.
  const auto maker = makers().find(full_name.substr(0, full_name.find('(')));
  if (maker == makers().end()) {
    throw std::runtime_error("there is no initializer '" + full_name + "'");
  }
  const random::RandomStateScope fresh;
  random::current_random_state().set_seed(kSeed);
  random::current_random_state().set_keras_seed(kSeed);
  const Initializer initializer = maker->second(entry.at("config"));
  for (const json& call : entry.at("calls")) {
    // The seeds of the ops show in the values.
    expect_fields(call, {"call", "output", "ops"}, {"keras_seeds"});
    const auto output = call.at("output").get<std::string>();
    play.compare(text(full_name, " ", output), initializer(shape_of(entry.at("shape"))), output);
  }
}

void play_initializer_seed(const json& seed, const RandomPlay& play) {
  play.compare_values("seed", kSeed, seed);
}

}  // namespace keen::test
