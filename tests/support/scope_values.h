// What the words of scope scenarios stand for. Each throws std::runtime_error for a word that it
// does not know.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "shim/compat/v1/layers/base.h"
#include "shim/compat/v1/variable_scope.h"

namespace keen::test {

[[nodiscard]] compat::v1::Reuse reuse_of(const nlohmann::json& word);
[[nodiscard]] const char* reuse_text(compat::v1::Reuse reuse);
[[nodiscard]] compat::v1::Initializer initializer_of(const nlohmann::json& spec);
[[nodiscard]] compat::v1::Regularizer regularizer_of(const nlohmann::json& spec);
[[nodiscard]] std::vector<std::int64_t> dims_of(const Shape& shape);

// v1.layers.<kind>(input, **args)
[[nodiscard]] Tensor call_layer_function(const std::string& kind, const Tensor& input,
                                         const nlohmann::json& args);
// v1.layers.<Kind>(**args)
[[nodiscard]] std::shared_ptr<compat::v1::layers::Layer> make_layer_object(
    const std::string& kind, const nlohmann::json& args);

}  // namespace keen::test
