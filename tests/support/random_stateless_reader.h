// The parts of the golden case random/stateless.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tests/support/random_steps.h"

namespace keen::test {

// One entry, or the whole of a part that is no list. Each adds its differences, and throws for what
// it doesn't know.
void play_stateless_entry(const nlohmann::json& entry, const RandomPlay& play);
void play_fold_in(const nlohmann::json& entry, const RandomPlay& play);
void play_split(const nlohmann::json& part, const RandomPlay& play);
void play_generator(const nlohmann::json& part, const RandomPlay& play);

}  // namespace keen::test
