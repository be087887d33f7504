#include "runtime/device/ledger.h"

#include <gtest/gtest.h>

#include <thread>

#include "kernels/elementwise.h"
#include "runtime/base/text.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "runtime/trace/function.h"

namespace keen::device {
namespace {

TEST(ledger, counts_the_ops_of_a_device) {
  const DeviceScope scope(cpu());
  const Tensor x = constant({1.0, 2.0});
  const Ledger ledger(cpu());
  EXPECT_EQ(text(ledger.counts()), "nothing");
  const Tensor y = x + x * x;
  EXPECT_EQ(ledger.counts()[Count::kOps], 2);
  EXPECT_EQ(text(ledger.counts()), "ops 2");
  EXPECT_EQ(Ledger(cpu()).counts(), LedgerCounts{});
}

TEST(ledger, counts_functions_that_are_traced_again) {
  const DeviceScope scope(cpu());
  auto twice = function([](const Tensor& x) { return x + x; });
  const Ledger ledger(cpu());
  static_cast<void>(twice(constant({1.0})));
  static_cast<void>(twice(constant({2.0})));
  EXPECT_EQ(ledger.counts()[Count::kRetraces], 0);
  static_cast<void>(twice(constant({1.0, 2.0})));
  EXPECT_EQ(ledger.counts()[Count::kRetraces], 1);
}

TEST(ledger, counts_threads_that_have_ended) {
  const Ledger ledger(cpu(3));
  std::thread([] { count(cpu(3), Count::kLaunches, 5); }).join();
  count(cpu(3), Count::kLaunches, 2);
  EXPECT_EQ(ledger.counts()[Count::kLaunches], 7);
  EXPECT_EQ(Ledger(cpu(2)).counts()[Count::kLaunches], 0);
}

}  // namespace
}  // namespace keen::device
