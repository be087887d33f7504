// Plays scopes.json: scenarios in a small language of scopes, variables and layers, in the modes
// `shim` (eager) and `shim_function` (each call of the scenario traced into a graph of its own).
#pragma once

#include "tests/support/golden.h"

namespace keen::test {

// A test for each scenario and mode, scopes.<id>.<mode>.
[[nodiscard]] std::vector<GoldenTest> read_scopes(const GoldenFile& file,
                                                  const nlohmann::json& contents);

}  // namespace keen::test
