// Plays entries of the golden case random/initializers.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tests/support/random_steps.h"

namespace keen::test {

// Calls one initializer twice after both streams were seeded by 42, as the case was made.
void play_initializer_entry(const nlohmann::json& entry, const RandomPlay& play);

// The case's seed must be the one that entries are played with.
void play_initializer_seed(const nlohmann::json& seed, const RandomPlay& play);

}  // namespace keen::test
