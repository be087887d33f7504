// Memory, copies and order on a GPU.
#include "runtime/tensor/context.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <numeric>
#include <string_view>
#include <thread>
#include <vector>

#include "kernels/elementwise.h"
#include "runtime/base/error.h"
#include "runtime/device/config.h"
#include "runtime/device/device_context.h"
#include "runtime/device/gpu.h"
#include "runtime/device/ledger.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "tests/sim/sim_control.h"
#include "tests/support/expect_error.h"

namespace keen::test {
namespace {

using device::Count;
using device::Ledger;
using testing::HasSubstr;

std::vector<float> numbers(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

TEST(gpu_context, copies_there_and_back) {
  // One element, an odd number, more than a chunk of the staging memory, more than its ring.
  for (const std::size_t count : {1U, 1001U, 1500000U, 9000000U}) {
    const std::vector<float> values = numbers(count);
    const Tensor there = copy_to(Tensor::from_vector(values), gpu());
    EXPECT_EQ(there.device(), gpu());
    EXPECT_EQ(copy_to(there, cpu()).to_vector<float>(), values);
    EXPECT_EQ(there.to_vector<float>(), values);
  }
  EXPECT_EQ(copy_to(fill({0, 3}, 1), gpu()).shape(), Shape({0, 3}));
}

TEST(gpu_context, host_memory_may_change_after_the_copy) {
  std::vector<float> values = numbers(100);
  Tensor here = Tensor::from_vector(values);
  const Tensor there = copy_to(here, gpu());
  here = Tensor();
  EXPECT_EQ(there.to_vector<float>(), values);
}

TEST(gpu_context, between_gpus) {
  ASSERT_GE(device::gpu_count(), 2);
  const std::vector<float> values = numbers(5000);
  const Ledger ledger(gpu(1));
  const Tensor first = copy_to(Tensor::from_vector(values), gpu(0));
  const Tensor second = copy_to(first, gpu(1));
  EXPECT_EQ(second.device(), gpu(1));
  EXPECT_EQ((second + second).to_vector<float>()[4999], 10000.0F);
  EXPECT_EQ(ledger.counts()[Count::kBytesBetween], 20000);
  // Each may reach the other's memory, where the machine can.
  const char* peers = std::getenv("CUDASIM_PEERS");
  const int asked = peers != nullptr && std::string_view(peers) == "0" ? 0 : 2;
  EXPECT_TRUE(!sim::simulated() || sim::counts().called("cudaMemPoolSetAccess") == asked);
}

TEST(gpu_context, a_fresh_thread_uses_either_gpu) {
  for (int index = 0; index < device::gpu_count(); ++index) {
    std::thread([index] {
      const DeviceScope scope(gpu(static_cast<std::uint8_t>(index)));
      const Tensor x = fill({100}, 2.0);
      EXPECT_EQ(x.device().index, index);
      EXPECT_EQ((x * x).to_vector<float>()[99], 4.0F);
    }).join();
  }
}

TEST(gpu_context, several_threads_use_one_gpu) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      const DeviceScope scope(gpu());
      Tensor sum = fill({1000}, 0.0);
      for (int i = 0; i < 50; ++i) sum = sum + fill({1000}, t);
      EXPECT_EQ(sum.to_vector<float>()[999], 50.0F * static_cast<float>(t));
    });
  }
  for (std::thread& each : threads) each.join();
}

TEST(gpu_context, an_op_waits_for_nothing_and_takes_nothing_from_the_system) {
  const DeviceScope scope(gpu());
  Tensor x = fill({1000}, 1.0);
  x = x + x;
  EXPECT_EQ(x.to_vector<float>()[0], 2.0F);
  const Ledger ledger(gpu());
  const Tensor y = x * x;
  const auto counts = ledger.counts();
  EXPECT_EQ(counts[Count::kOps], 1);
  EXPECT_EQ(counts[Count::kLaunches], 1);
  EXPECT_EQ(counts[Count::kSynchronisations], 0);
  EXPECT_EQ(counts[Count::kAllocations], 0);
  EXPECT_EQ(y.to_vector<float>()[7], 4.0F);
  EXPECT_EQ(ledger.counts()[Count::kSynchronisations], 1);
  EXPECT_EQ(ledger.counts()[Count::kBytesToHost], 4000);
}

TEST(gpu_context, implicit_copies_are_counted) {
  const Tensor here = constant({1.0, 2.0});
  const DeviceScope scope(gpu());
  const Ledger ledger(gpu());
  const Tensor sum = here + here;
  EXPECT_EQ(sum.device(), gpu());
  EXPECT_EQ(ledger.counts()[Count::kImplicitCopies], 2);
  EXPECT_EQ(ledger.counts()[Count::kBytesToDevice], 16);
}

TEST(gpu_context, memory_is_used_again) {
  auto& context = device::context(gpu());
  const DeviceScope scope(gpu());
  static_cast<void>(fill({1 << 20}, 1.0));
  const auto before = context.memory_stats();
  const Ledger ledger(gpu());
  for (int i = 0; i < 10; ++i) static_cast<void>(fill({1 << 20}, i));
  EXPECT_EQ(ledger.counts()[Count::kAllocations], 0);
  EXPECT_EQ(context.memory_stats().bytes_in_use, before.bytes_in_use);
  EXPECT_EQ(context.memory_stats().allocations, before.allocations + 10);
  context.trim();
  EXPECT_LT(context.memory_stats().bytes_cached, before.bytes_cached);
}

TEST(gpu_context, a_block_used_on_the_copy_stream_comes_back_after_its_event) {
  auto& context = device::context(gpu());
  const std::size_t bytes = 3 << 20;
  void* block = context.allocate(bytes);
  context.used_on(block, {gpu(), 1});
  context.deallocate(block, bytes);
  context.synchronize();
  void* again = context.allocate(bytes);
  EXPECT_EQ(again, block);
  context.deallocate(again, bytes);
}

TEST(gpu_context, out_of_memory_says_what_is_held_and_leaves_the_device_usable) {
  const DeviceScope scope(gpu());
  Context::current().set_name_scope("big/");
  const Tensor held = fill({1 << 20}, 1.0);
  Context::current().set_name_scope("");
  config::experimental::set_memory_limit(gpu(), 16 << 20);
  try {
    static_cast<void>(fill({32 << 20}, 1.0));
    ADD_FAILURE() << "no error";
  } catch (const ResourceExhaustedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("_Fill () on gpu:0: out of memory on gpu:0 for 134217728"));
    EXPECT_THAT(error.what(), HasSubstr("in use"));
    EXPECT_THAT(error.what(), HasSubstr("limit 16777216"));
    EXPECT_THAT(error.what(), HasSubstr("held by big/ 4194304"));
  }
  EXPECT_EQ((held + held).to_vector<float>()[5], 2.0F);
  config::experimental::set_memory_limit(gpu(), 0);
  EXPECT_EQ(fill({32 << 20}, 1.0).num_elements(), 32 << 20);
}

TEST(gpu_context, a_block_may_have_all_that_a_limit_leaves) {
  auto& context = device::context(gpu());
  context.trim();
  const auto held = context.memory_stats();
  const std::size_t bytes = 3 << 20;  // of a size that shares segments of 20 MiB else
  config::experimental::set_memory_limit(gpu(), held.bytes_in_use + held.bytes_cached + (4 << 20));
  void* block = context.allocate(bytes);
  EXPECT_THROW(static_cast<void>(context.allocate(bytes)), ResourceExhaustedError);
  context.deallocate(block, bytes);
  config::experimental::set_memory_limit(gpu(), 0);
  context.trim();
}

TEST(gpu_context, a_negative_memory_limit_is_an_error) {
  EXPECT_THROW(config::experimental::set_memory_limit(gpu(), -1), ValueError);
}

TEST(gpu_context, more_than_there_is_fails_at_once) {
  EXPECT_THROW(static_cast<void>(device::context(gpu()).allocate(std::size_t{1} << 50)),
               ResourceExhaustedError);
}

// What CUDA itself refuses. The whole of the cache is asked for afterwards in another size, so that
// it has to be given back first.
TEST(gpu_context, memory_that_is_all_taken_can_be_given_back) {
  auto& context = device::context(gpu());
  context.trim();
  const std::size_t part = std::size_t{1} << 30;
  std::vector<void*> parts;
  try {
    while (parts.size() < 4096) parts.push_back(context.allocate(part));
    ADD_FAILURE() << "4 TiB, and still no error";
  } catch (const ResourceExhaustedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("out of memory on gpu:0 for 1073741824"));
  }
  ASSERT_GT(parts.size(), 2U);
  const DeviceScope scope(gpu());
  EXPECT_EQ(fill({3}, 2.0).to_vector<float>()[2], 2.0F);
  for (void* each : parts) context.deallocate(each, part);
  const std::size_t rest = (parts.size() - 1) * part;
  void* large = context.allocate(rest);
  context.deallocate(large, rest);
  context.trim();
}

TEST(gpu_context, a_gpu_that_is_not_there_is_named_with_those_that_are) {
  try {
    const DeviceScope scope("gpu:9");
    ADD_FAILURE() << "no error";
  } catch (const InvalidArgumentError& error) {
    EXPECT_THAT(error.what(), HasSubstr("gpu:9 is not available"));
    EXPECT_THAT(error.what(), HasSubstr("cpu:0, gpu:0"));
  }
}

TEST(gpu_context, the_default_device_is_the_first_gpu) {
  EXPECT_EQ(fill({1}, 1.0).device(), gpu(0));
  EXPECT_EQ(constant({1.0}).device(), cpu());
}

}  // namespace
}  // namespace keen::test
