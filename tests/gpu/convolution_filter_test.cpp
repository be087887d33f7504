// A filter's transpose, which its buffer keeps.
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "kernels/conv2d.h"
#include "kernels/reshape.h"
#include "runtime/device/ledger.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"
#include "runtime/tensor/variable.h"
#include "tests/gpu/beside_cpu.h"

namespace keen::test {
namespace {

using detail::GpuChoice;
using device::Count;

TEST(gpu_convolution, transposes_a_filter_once_until_it_changes) {
  const WithChoice with(GpuChoice::kLibrary);
  const DeviceScope scope(gpu());
  const Tensor x = fill({2, 8, 8, 4}, 1.0);
  Variable filter(fill({3, 3, 4, 8}, 0.5));
  // The first element of y, and how many launches it took.
  const auto first = [&](const Tensor& w) {
    const device::Ledger ledger(gpu());
    const Tensor y = nn::conv2d(x, w, {});
    const auto launches = ledger.counts()[Count::kLaunches];
    return std::pair(y.to_vector<float>()[0], launches);
  };
  EXPECT_EQ(first(filter.value()), std::pair(18.0F, std::int64_t{1}));
  EXPECT_EQ(first(filter.value()), std::pair(18.0F, std::int64_t{0}));
  {
    const device::Ledger ledger(gpu());
    const Tensor dy = fill({2, 6, 6, 8}, 1.0);
    const auto before = ledger.counts()[Count::kLaunches];
    const Tensor dx = nn::conv2d_backprop_input(x.shape(), filter.value(), dy, {});
    EXPECT_EQ(ledger.counts()[Count::kLaunches], before);
    EXPECT_EQ(dx.to_vector<float>()[0], 4.0F);
  }
  const Tensor held = filter.value();
  filter.assign_add(fill({3, 3, 4, 8}, 0.25));
  EXPECT_EQ(first(filter.value()), std::pair(27.0F, std::int64_t{1}));
  EXPECT_EQ(first(held), std::pair(18.0F, std::int64_t{0}));
  // In place, for nobody else holds the value.
  filter.assign_add(fill({3, 3, 4, 8}, 0.25));
  EXPECT_EQ(first(filter.value()), std::pair(36.0F, std::int64_t{1}));
  filter.assign(fill({3, 3, 4, 8}, 1.0));
  EXPECT_EQ(first(filter.value()), std::pair(36.0F, std::int64_t{1}));
  // The same bytes as another filter.
  EXPECT_EQ(first(reshape(filter.value(), {3, 3, 4, 8})).second, 0);
}

}  // namespace
}  // namespace keen::test
