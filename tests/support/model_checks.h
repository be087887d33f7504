// What the readers of model cases compare.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shim/keras/layers/layer.h"
#include "tests/support/golden.h"
#include "tests/support/golden_arrays.h"

namespace keen::test {

class ModelChecks {
 public:
  explicit ModelChecks(const GoldenFile& file)
      : arrays_(GoldenArrays::read(file.folder + "/arrays.safetensors")) {}

  [[nodiscard]] const Tensor& array(const nlohmann::json& key) const {
    return arrays_.at(key.get<std::string>());
  }

  // `want` is the key of an array.
  void exact(const std::string& what, const Tensor& got, const nlohmann::json& want);
  void close(const std::string& what, const Tensor& got, const nlohmann::json& want,
             const Tolerance& tolerance = kContraction);
  void names(const std::string& what, const std::vector<Variable>& got, const nlohmann::json& want);
  // Scalars beside numbers.
  void numbers(const std::string& what, const std::vector<Tensor>& got, const nlohmann::json& want);
  // Name, shape, dtype and trainable of each, and, where the case has it, the initial value.
  void variables(const std::vector<Variable>& got, const nlohmann::json& want);
  // The fields that describe a layer: variables, creation_order and the three lists of weights.
  void layer(const keras::layers::Layer& layer, const nlohmann::json& contents);
  // One differentiated call: the loss is sum(output**2) + sum(losses).
  void call(keras::layers::Layer& layer, const Tensor& x, const nlohmann::json& want,
            std::optional<bool> training = std::nullopt,
            const Tolerance& input_gradient = kGradients);

  [[nodiscard]] Differences take() { return std::move(differences_); }

 private:
  void add(std::string difference) {
    if (!difference.empty()) differences_.push_back(std::move(difference));
  }

  GoldenArrays arrays_;
  Differences differences_;
};

}  // namespace keen::test
