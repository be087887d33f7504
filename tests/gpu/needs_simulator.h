// For tests that ask the simulated CUDA what it has seen, or tell it what must fail.
#pragma once

#include <gtest/gtest.h>

#include "tests/sim/sim_control.h"

// Where the GPU is real the test fails in these words, which tests/gpu_acceptance.sh takes for "not
// run".
#define KEEN_NEEDS_SIMULATOR() ASSERT_TRUE(keen::sim::simulated()) << "needs the simulated CUDA"
