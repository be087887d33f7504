// Plays golden cases of models: names and order of variables, their values as made from the seed,
// losses, gradients, moving averages.
#pragma once

#include "tests/support/golden.h"

namespace keen::test {

// Readers of the kinds of these names: one test, model.<case>.
[[nodiscard]] std::vector<GoldenTest> read_dense_get_variable(const GoldenFile& file,
                                                              const nlohmann::json& contents);
[[nodiscard]] std::vector<GoldenTest> read_v1_layers_model(const GoldenFile& file,
                                                           const nlohmann::json& contents);
[[nodiscard]] std::vector<GoldenTest> read_batch_norm(const GoldenFile& file,
                                                      const nlohmann::json& contents);

}  // namespace keen::test
