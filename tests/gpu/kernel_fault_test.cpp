// A kernel that faults: no GPU can be used any more in its process, and every call says so in the
// words of the first fault. Each case has a process of its own.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/reduce.h"
#include "runtime/base/error.h"
#include "runtime/device/device_context.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "runtime/tensor/variable.h"
#include "tests/gpu/own_process.h"
#include "tests/sim/sim_control.h"

namespace keen::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int kInvalidValue = 1;      // cudaErrorInvalidValue
constexpr int kLaunchFailure = 719;   // cudaErrorLaunchFailure
constexpr int kExecutionFailed = 13;  // CUBLAS_STATUS_EXECUTION_FAILED

// Says that it has more elements than its block holds: whoever reads them all leaves the block.
Tensor too_short(const Shape& shape) {
  RefPtr<TensorImpl> impl = TensorImpl::make(gpu());
  impl->spec = {float32, shape};
  impl->buffer = fill({128}, 1.0).impl().buffer;
  return Tensor(impl);
}

void fault() {
  const DeviceScope scope(gpu());
  static_cast<void>(reduce_sum(too_short({1 << 20})));
}

// What an InternalError says; any other end of the call is a failure.
std::string internal_error(const std::function<void()>& call) {
  try {
    call();
  } catch (const InternalError& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no error";
  return "";
}

// Ends the work of all devices without Keen's knowledge.
void finish_all_work() {
  static_cast<void>(sim::control(static_cast<int (*)()>(nullptr), "cudaDeviceSynchronize")());
}

using Calls = std::map<std::string, std::function<void()>>;

// They use what was made before the fault.
Calls calls_on_gpus() {
  const Tensor x = fill({4, 4}, 1.0);
  const Tensor images = fill({1, 4, 4, 1}, 1.0);
  const Tensor filters = fill({3, 3, 1, 1}, 1.0);
  const Variable variable(x);
  const auto& first = gpu();
  auto& context = device::context(first);
  const device::Event event = context.record({first, 1});
  Calls calls;
  calls["an op"] = [=] { static_cast<void>(x + x); };
  calls["an op without inputs"] = [] { static_cast<void>(fill({2}, 1.0)); };
  calls["a product"] = [=] { static_cast<void>(matmul(x, x)); };
  calls["a convolution"] = [=] { static_cast<void>(nn::conv2d(images, filters)); };
  calls["an assignment"] = [=] { variable.assign_add(x); };
  calls["reading a value"] = [=] { static_cast<void>(x.to_vector<float>()); };
  calls["a copy to the GPU"] = [=] { static_cast<void>(copy_to(constant({1.0}), first)); };
  calls["a copy to another GPU"] = [=] { static_cast<void>(copy_to(x, gpu(1))); };
  calls["another GPU"] = [] {
    const DeviceScope scope(gpu(1));
    static_cast<void>(fill({2}, 1.0));
  };
  calls["allocate"] = [&context] { static_cast<void>(context.allocate(64)); };
  calls["synchronize"] = [&context] { context.synchronize(); };
  calls["record"] = [&context, first] { static_cast<void>(context.record({first, 0})); };
  calls["wait"] = [&context, first, event] { context.wait({first, 0}, event); };
  calls["trim"] = [&context] { context.trim(); };
  return calls;
}

TEST(gpu_kernel_fault, is_what_every_later_call_says) {
  in_own_process([] {
    const DeviceScope scope(gpu());
    const Tensor here = constant({1.0F, 2.0F});
    const Calls calls = calls_on_gpus();
    fault();  // enqueued
    const std::string first = internal_error([&] { device::context(gpu()).synchronize(); });
    EXPECT_THAT(first, AllOf(HasSubstr("cudaErrorIllegalAddress"),
                             HasSubstr("a kernel has faulted, and no GPU can be used any more in "
                                       "this process"),
                             HasSubstr("KEEN_CUDA_BLOCKING=1 finds it")));
    EXPECT_THAT(KEEN_SIM(cudasim_finding)(0), StartsWith("out-of-bounds"));
    for (const auto& [name, call] : calls) EXPECT_EQ(internal_error(call), first) << name;
    // Not because CUDA says it again.
    KEEN_SIM(cudasim_clear)();
    EXPECT_EQ(internal_error(calls.at("an op")), first);
    const DeviceScope on_cpu(cpu());
    EXPECT_EQ((here + here).to_vector<float>(), (std::vector<float>{2, 4}));
  });
}

TEST(gpu_kernel_fault, is_found_by_the_op_at_fault_if_each_op_waits) {
  in_own_process([] {
    setenv("KEEN_CUDA_BLOCKING", "1", 1);
    const DeviceScope scope(gpu());
    const Tensor x = fill({4}, 1.0);
    Context::current().set_name_scope("model/");
    const std::string first = internal_error(fault);
    EXPECT_THAT(first, AllOf(HasSubstr("Sum (float32(1048576,))"), HasSubstr("on gpu:0"),
                             HasSubstr("in scope 'model/'"), HasSubstr("cudaErrorIllegalAddress"),
                             Not(HasSubstr("KEEN_CUDA_BLOCKING"))));
    Context::current().set_name_scope("");
    EXPECT_EQ(internal_error([&] { static_cast<void>(x + x); }), first);
  });
}

// The first call after it may be one that a library does.
TEST(gpu_kernel_fault, is_noticed_by_products_and_convolutions) {
  for (const char* name : {"a product", "a convolution"}) {
    in_own_process([&] {
      const DeviceScope scope(gpu());
      const Calls calls = calls_on_gpus();
      fault();
      finish_all_work();
      EXPECT_THAT(internal_error(calls.at(name)),
                  AllOf(HasSubstr("cudaErrorIllegalAddress"), HasSubstr("a kernel has faulted")));
    });
  }
}

TEST(gpu_kernel_fault, is_noticed_by_a_launch) {
  in_own_process([] {
    const DeviceScope scope(gpu());
    const Calls calls = calls_on_gpus();
    KEEN_SIM(cudasim_fail)("cudaLaunchKernel", 1, kLaunchFailure);
    const std::string first = internal_error(calls.at("an op"));
    EXPECT_THAT(first, AllOf(HasSubstr("AddV2"), HasSubstr("cudaErrorLaunchFailure"),
                             HasSubstr("this op or an earlier one")));
    EXPECT_EQ(internal_error(calls.at("reading a value")), first);
  });
}

TEST(gpu_kernel_fault, is_not_a_call_that_failed) {
  const DeviceScope scope(gpu());
  const Tensor x = fill({2, 2}, 1.0);
  const std::map<std::string, int> failures = {{"cudaLaunchKernel", kInvalidValue},
                                               {"cublasLtMatmul", kExecutionFailed}};
  for (const auto& [api, status] : failures) {
    KEEN_SIM(cudasim_fail)(api.c_str(), 1, status);
    EXPECT_THAT(internal_error([&] { static_cast<void>(matmul(x + x, x)); }),
                AllOf(HasSubstr("on gpu:0: " + api), Not(HasSubstr("faulted"))));
    EXPECT_EQ(matmul(x + x, x).to_vector<float>(), std::vector<float>(4, 4.0F)) << api;
  }
}

}  // namespace
}  // namespace keen::test
