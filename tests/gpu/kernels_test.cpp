// What each kernel of the library takes of a GPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "kernels/elementwise.h"
#include "runtime/device/cuda/kernel_resources.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"
#include "tests/gpu/needs_simulator.h"
#include "tests/sim/sim_control.h"

namespace keen::test {
namespace {

// CUDA's own sine and cosine of doubles keep the parts of a reduced angle in an array.
bool takes_sines_of_doubles(const std::string& name) {
  return std::ranges::any_of(
      std::array{"functor::Sin, double", "functor::Cos, double", "random::Normal<double>",
                 "random::TruncatedNormal<double>"},
      [&](const char* part) { return name.find(part) != std::string::npos; });
}

// A stack frame is what spilled registers need, or an array with an index that only a run knows.
TEST(gpu_kernels, keep_everything_in_registers) {
  const auto kernels = device::cuda::kernel_resources(gpu());
  EXPECT_GT(kernels.size(), 500U);
  for (const auto& kernel : kernels) {
    EXPECT_GT(kernel.registers, 0) << kernel.name;
    EXPECT_TRUE(kernel.local_bytes == 0 || takes_sines_of_doubles(kernel.name))
        << kernel.name << ": " << kernel.local_bytes << " bytes";
  }
}

// Loading may wait for all that runs (kernels.h), so it is done when a device is opened.
TEST(gpu_profile_of_loading, no_launch_has_to_load_its_kernel) {
  KEEN_NEEDS_SIMULATOR();
  for (const Device device : {gpu(0), gpu(1)}) {
    const DeviceScope scope(device);
    const Tensor x = fill({100}, 2.0);
    EXPECT_EQ((x * x).to_vector<float>()[99], 4.0F);
  }
  EXPECT_EQ(sim::counts().sums.lazy_loads, 0);
}

TEST(gpu_kernels, fit_with_the_blocks_that_their_bounds_allow) {
  for (const auto& kernel : device::cuda::kernel_resources(gpu())) {
    EXPECT_GE(kernel.occupancy, 0.25)
        << kernel.name << ": " << kernel.registers << " registers, " << kernel.shared_bytes
        << " bytes, " << kernel.block << " threads";
  }
}

}  // namespace
}  // namespace keen::test
