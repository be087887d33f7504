// One training step of the network of train_fashion_mnist: what it costs, and what holds when a
// part of it fails.
#include <gmock/gmock.h>

#include <cstdio>
#include <vector>

#include "benchmarks/train/network.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/ledger.h"
#include "tests/sim/sim_control.h"
#include "tests/support/compare.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using device::Count;
using device::Ledger;
using device::LedgerCounts;

constexpr std::int64_t kBatch = 32;

struct Data {
  Tensor images = arbitrary({float32, {kBatch, 28, 28, 1}}, 5);
  Tensor labels;

  Data() {
    std::vector<std::int32_t> classes;
    for (int i = 0; i < kBatch; ++i) classes.push_back(i * 7 % 10);
    labels = Tensor::from_vector(classes);
  }
};

std::vector<float> losses_on(Device device, int steps) {
  const DeviceScope scope(device);
  const Data data;
  keras::utils::set_random_seed(1);
  trainer::NetworkTrainer network(trainer::OptimizerKind::kAdam, 1e-3);
  std::vector<float> losses;
  for (int i = 0; i < steps; ++i) {
    losses.push_back(network.step(data.images, data.labels).first.item<float>());
  }
  return losses;
}

TEST(gpu_training_step, gives_the_losses_of_the_cpu) {
  const std::vector<float> there = losses_on(gpu(), 4);
  const std::vector<float> here = losses_on(cpu(), 4);
  for (std::size_t i = 0; i < here.size(); ++i) {
    EXPECT_NEAR(there[i], here[i], 1e-4F * here[i]) << "step " << i;
  }
}

// What the ledger can't know: calls that CUDA's libraries make, or that nobody counted.
void expect_no_other_cost(const sim::Counts& cost) {
  EXPECT_EQ(sim::allocations(cost.sums), 0);
  EXPECT_EQ(cost.sums.kernel_launches + cost.sums.memsets, 44);
  EXPECT_EQ(cost.sums.library_calls, 11);
  EXPECT_EQ(cost.sums.lazy_loads, 0);
  EXPECT_EQ(sim::synchronisations(cost.sums), 1) << "for the loss";
}

TEST(gpu_training_step, costs_what_the_table_in_the_docs_says) {
  const DeviceScope scope(gpu());
  const Data data;
  keras::utils::set_random_seed(1);
  trainer::NetworkTrainer network(trainer::OptimizerKind::kAdam, 1e-3);
  for (int i = 0; i < 2; ++i) {
    static_cast<void>(network.step(data.images, data.labels).first.item<float>());
  }
  const Ledger ledger(gpu());
  const sim::Counts before = sim::simulated() ? sim::counts() : sim::Counts();
  static_cast<void>(network.step(data.images, data.labels).first.item<float>());
  const LedgerCounts counts = ledger.counts();
  std::printf("one step: %s\n", text(counts).c_str());
  // What is reached: 55 of both together; the aim is 40.
  EXPECT_EQ(counts[Count::kLaunches], 44);
  EXPECT_EQ(counts[Count::kLibraryCalls], 11);
  EXPECT_EQ(counts[Count::kAllocations], 0);
  EXPECT_EQ(counts[Count::kSynchronisations], 1);
  EXPECT_EQ(counts[Count::kBytesToHost], 4);
  EXPECT_EQ(counts[Count::kImplicitCopies], 2) << "images and labels";
  if (sim::simulated()) expect_no_other_cost(sim::counts() - before);
}

}  // namespace
}  // namespace keen::test
