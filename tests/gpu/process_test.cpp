// What a process finds when it begins to use GPUs. Each case has a process of its own.
#include <gmock/gmock.h>

#include <string>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/device/gpu.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"
#include "tests/gpu/own_process.h"
#include "tests/sim/sim_control.h"

namespace keen::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kInsufficientDriver = 35;  // cudaErrorInsufficientDriver
constexpr int kNoDevice = 100;           // cudaErrorNoDevice
constexpr int kNoKernelImage = 209;      // cudaErrorNoKernelImageForDevice

void compute_on(Device device) {
  const DeviceScope scope(device);
  EXPECT_EQ(fill({5}, 2.0).to_vector<float>()[4], 2.0F);
}

TEST(gpu_process, that_uses_one_gpu_makes_no_context_on_another) {
  in_own_process([] {
    compute_on(gpu(1));
    std::thread([] { compute_on(gpu(1)); }).join();
    EXPECT_EQ(KEEN_SIM(cudasim_has_context)(0), 0);
    EXPECT_EQ(KEEN_SIM(cudasim_has_context)(1), 1);
  });
}

TEST(gpu_process, that_used_another_gpu_finds_it_current) {
  in_own_process([] {
    compute_on(gpu(0));
    compute_on(gpu(1));
    EXPECT_EQ(KEEN_SIM(cudasim_has_context)(0), 1);
    compute_on(gpu(0));
  });
}

std::string error_of_gpu_0() {
  try {
    const DeviceScope scope("gpu:0");
    static_cast<void>(fill({1}, 1.0));
  } catch (const Error& error) {
    return std::string(error.kind()) + ": " + error.what();
  }
  return "no error";
}

TEST(gpu_process, with_a_driver_that_is_too_old_says_both_versions) {
  in_own_process([] {
    KEEN_SIM(cudasim_fail)("cudaGetDeviceCount", 1, kInsufficientDriver);
    EXPECT_THAT(error_of_gpu_0(),
                AllOf(HasSubstr("InvalidArgumentError"), HasSubstr("gpu:0 is not available"),
                      HasSubstr("the NVIDIA driver is too old: it is for CUDA 13."),
                      HasSubstr("Keen was built with CUDA 13."), HasSubstr("cpu:0")));
    EXPECT_EQ(device::gpu_count(), 0);
    EXPECT_EQ(fill({1}, 1.0).device(), cpu());
  });
}

TEST(gpu_process, without_a_gpu_lists_the_devices) {
  in_own_process([] {
    KEEN_SIM(cudasim_fail)("cudaGetDeviceCount", 1, kNoDevice);
    EXPECT_THAT(error_of_gpu_0(), AllOf(HasSubstr("InvalidArgumentError"), HasSubstr("cpu:0"),
                                        HasSubstr("no CUDA-capable device is detected")));
  });
}

TEST(gpu_process, with_a_gpu_that_there_is_no_code_for_says_so) {
  in_own_process([] {
    KEEN_SIM(cudasim_fail)("cudaFuncGetAttributes", 1, kNoKernelImage);
    EXPECT_THAT(error_of_gpu_0(),
                AllOf(HasSubstr("UnimplementedError"), HasSubstr("has compute capability"),
                      HasSubstr("built without code")));
  });
}

}  // namespace
}  // namespace keen::test
