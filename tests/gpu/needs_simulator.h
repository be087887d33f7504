// For tests that ask the simulated CUDA what it has seen, or tell it what must fail.
#pragma once

#include <gtest/gtest.h>

#include "tests/sim/sim_control.h"

// Skips the test where the GPU is real.
#define KEEN_NEEDS_SIMULATOR() \
  if (!keen::sim::simulated()) GTEST_SKIP() << "needs the simulated CUDA"
