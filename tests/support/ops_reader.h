// Plays golden cases of the kind `ops`: single ops, each entry a test of its own, played by the op
// harness.
#pragma once

#include "tests/support/golden.h"

namespace keen::test {

[[nodiscard]] std::vector<GoldenTest> read_ops(const GoldenFile& file,
                                               const nlohmann::json& contents);

}  // namespace keen::test
