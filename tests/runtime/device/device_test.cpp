#include "runtime/device/device.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/device/device_context.h"

namespace keen {
namespace {

TEST(Device, ParsesTensorFlowsSpellings) {
  EXPECT_EQ(Device::parse("cpu:0"), cpu());
  EXPECT_EQ(Device::parse("/GPU:1"), gpu(1));
  EXPECT_EQ(Device::parse("gpu"), gpu());
  EXPECT_EQ(Device::parse("/device:GPU:2"), gpu(2));
  EXPECT_EQ(Device::parse("/job:localhost/replica:0/task:0/device:CPU:3"), cpu(3));
  EXPECT_EQ(text(gpu(1)), "gpu:1");
}

TEST(Device, RefusesOthers) {
  for (const char* name : {"", "tpu:0", "cpu:", "cpu:x", "cpu:1x", "cpu0", "gpu:256", "gpu:-1"}) {
    EXPECT_THROW(static_cast<void>(Device::parse(name)), InvalidArgumentError) << name;
  }
}

TEST(Device, MissingOnesListThoseThatExist) {
  try {
    static_cast<void>(device::context(gpu(0)));
    FAIL();
  } catch (const InvalidArgumentError& error) {
    // What follows says why there is no GPU.
    EXPECT_TRUE(std::string(error.what())
                    .starts_with("device: gpu:0 is not available; the devices are: cpu:0 ("))
        << error.what();
  }
}

TEST(Device, CpusHaveNoMemoryLimit) {
  EXPECT_THROW(config::experimental::set_memory_limit(cpu(), 1 << 20), ValueError);
}

// A configuration is of a process: each test runs in one of its own.
TEST(LogicalDevices, ShareOutTheThreads) {
  config::set_logical_cpu_devices(2);
  config::threading::set_intra_op_parallelism_threads(6);
  EXPECT_EQ(config::list_logical_devices(), (std::vector<Device>{cpu(0), cpu(1)}));
  EXPECT_EQ(device::context(cpu(1)).threads(), 3);
  EXPECT_THROW(config::set_logical_cpu_devices(3), RuntimeError);
  config::threading::set_intra_op_parallelism_threads(0);
}

TEST(LogicalDevices, RefuseImpossibleCounts) {
  EXPECT_THROW(config::set_logical_cpu_devices(0), ValueError);
  EXPECT_THROW(config::set_logical_cpu_devices(17), ValueError);
  EXPECT_THROW(config::threading::set_intra_op_parallelism_threads(-1), ValueError);
}

TEST(Parallel, PartsCoverTheRangeOnce) {
  for (const std::int64_t n : {0, 1, 63, 64, 1000, 4097, 100003}) {
    for (const int threads : {1, 2, 3, 7}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
      device::cpu::parallel_for(threads, n, 10, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (const auto& count : seen) ASSERT_EQ(count, 1) << n << " items, " << threads;
    }
  }
}

}  // namespace
}  // namespace keen
