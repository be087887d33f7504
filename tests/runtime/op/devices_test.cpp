// Ops on two logical CPUs. The configuration holds for a process, and ctest gives each case one.
#include <gtest/gtest.h>

#include <array>

#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/device/config.h"
#include "runtime/device/device_context.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace {

class TwoCpus : public testing::Test {
 protected:
  // Once per process, before anything opens a device.
  static void SetUpTestSuite() {
    try {
      config::set_logical_cpu_devices(2);
    } catch (const RuntimeError&) {
      ASSERT_EQ(config::list_logical_devices().size(), 2U)
          << "run the cases of this suite in a process of their own, as ctest does";
    }
  }
};

TEST_F(TwoCpus, ScopePlacesOps) {
  const auto scope = device_scope("cpu:1");
  const Tensor x = fill({3}, 2.0);
  EXPECT_EQ(x.device(), cpu(1));
  EXPECT_GT(device::context(cpu(1)).memory_stats().bytes_in_use, 0);
  {
    const DeviceScope inner("");
    EXPECT_EQ(fill({1}, 1.0).device(), cpu(0));
  }
}

TEST_F(TwoCpus, InputsAreCopiedToTheOp) {
  const Tensor here = constant({1.0F, 2.0F});
  const DeviceScope scope(cpu(1));
  const std::array<Tensor, 2> both{here, here};
  const Tensor sum = add_n(both);
  EXPECT_EQ(sum.device(), cpu(1));
  EXPECT_EQ(sum.to_vector<float>()[1], 4.0F);
  Context::current().set_device_policy(DevicePolicy::kError);
  EXPECT_THROW(add_n(both), InvalidArgumentError);
  Context::current().set_device_policy(DevicePolicy::kSilent);
}

TEST_F(TwoCpus, OpsFollowTheVariable) {
  Variable there;
  {
    const DeviceScope scope(cpu(1));
    there = Variable([] { return fill({2}, 1.0); });
  }
  EXPECT_EQ(there.device(), cpu(1));
  there.assign_add(constant({1.0F, 2.0F}));
  EXPECT_EQ(there.value().device(), cpu(1));
  EXPECT_EQ(there.value().to_vector<float>()[1], 3.0F);
}

TEST_F(TwoCpus, GradientsComeBack) {
  const Tensor x = constant({1.0F, 2.0F});
  GradientTape tape;
  tape.watch(x);
  const Tensor y = copy_to(x, cpu(1));
  EXPECT_EQ(y.device(), cpu(1));
  const Tensor gradient = tape.gradient(y, x);
  EXPECT_EQ(gradient.device(), cpu(0));
  EXPECT_EQ(gradient.to_vector<float>()[0], 1.0F);
}

}  // namespace
}  // namespace keen
