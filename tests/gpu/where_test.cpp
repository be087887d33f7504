// Which GPUs the tests of this run mean.
#include <gtest/gtest.h>

#include <cstdio>

#include "runtime/device/gpu.h"
#include "tests/sim/sim_control.h"

namespace keen::test {
namespace {

TEST(gpu, where) {
  std::printf("GPU: %s\n", sim::simulated() ? "simulated" : "real");
  ASSERT_GT(device::gpu_count(), 0) << device::why_no_gpu();
}

}  // namespace
}  // namespace keen::test
