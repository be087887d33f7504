// What a profiler sees of Keen's ops: a range of NVTX for each, around what it gives to the device.
#include <gtest/gtest.h>

#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "runtime/base/error.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "tests/gpu/needs_simulator.h"
#include "tests/sim/sim_control.h"

namespace keen::test {
namespace {

using Rows = sim::Counts::Rows;

constexpr int kInvalidValue = 1;  // cudaErrorInvalidValue

TEST(gpu_nvtx, each_op_has_a_range) {
  KEEN_NEEDS_SIMULATOR();
  const DeviceScope scope(gpu());
  const Tensor x = fill({4, 4}, 1.0);
  const sim::Counts before = sim::counts();
  const Tensor y = matmul(x, x) + x + x;
  const Tensor z = copy_to(constant({1.0F}), gpu());
  EXPECT_EQ((sim::counts() - before).ranges,
            (Rows{{"keen/MatMul", 1}, {"keen/AddV2", 2}, {"keen/_Copy", 1}}));
  EXPECT_EQ(y.to_vector<float>()[0], 6.0F);
  EXPECT_EQ(z.to_vector<float>()[0], 1.0F);
}

TEST(gpu_nvtx, the_range_of_an_op_that_throws_ends) {
  KEEN_NEEDS_SIMULATOR();
  const DeviceScope scope(gpu());
  const Tensor x = fill({4}, 1.0);
  KEEN_SIM(cudasim_fail)("cudaLaunchKernel", 1, kInvalidValue);
  EXPECT_THROW(static_cast<void>(x + x), InternalError);
  const sim::Counts before = sim::counts();
  EXPECT_EQ(x.to_vector<float>()[3], 1.0F);  // a copy outside of ops
  EXPECT_EQ((sim::counts() - before).ranges, Rows());
}

}  // namespace
}  // namespace keen::test
