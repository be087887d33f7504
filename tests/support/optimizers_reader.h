// Plays golden cases of optimizers: steps on a small problem, and the names of their variables.
#pragma once

#include "tests/support/golden.h"

namespace keen::test {

// One test, optimizers.<case>.
[[nodiscard]] std::vector<GoldenTest> read_optimizers(const GoldenFile& file,
                                                      const nlohmann::json& contents);

}  // namespace keen::test
