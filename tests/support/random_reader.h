// Plays golden cases of the kind `random`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "tests/support/golden.h"

namespace keen::test {

// A reader: one test, which runs everything that the case holds through the public API and compares
// it with what TensorFlow gave, bit for bit. A field, op, kind or dtype that the reader does not
// know is a difference.
[[nodiscard]] std::vector<GoldenTest> read_random(const GoldenFile& file,
                                                  const nlohmann::json& contents);

}  // namespace keen::test
