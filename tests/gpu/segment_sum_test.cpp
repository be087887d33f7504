// Sums by segment, beside the CPU: rows of one and of several tiles of the sort, ids of one and of
// several digits, segments within a chunk and over many.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/detail/wide_index.h"
#include "kernels/elementwise.h"
#include "kernels/gather.h"
#include "runtime/base/text.h"
#include "runtime/device/ledger.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "tests/support/compare.h"

namespace keen::test {
namespace {

// Ids that jump about, of which some are no segment's.
Tensor ids_of(std::int64_t n, std::int64_t segments, DType dtype) {
  std::vector<std::int64_t> ids;
  std::uint64_t state = 88172645463325252U;
  for (std::int64_t i = 0; i < n; ++i) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    ids.push_back(static_cast<std::int64_t>(state % static_cast<std::uint64_t>(segments + 1)) - 1);
  }
  return cast(Tensor::from_vector(ids), dtype);
}

Tensor rows_of(const Shape& shape, DType dtype) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    values.push_back(static_cast<float>(i * 7 % 23) * 0.37F - 3.0F);
  }
  return cast(Tensor::from_vector(values, shape), dtype);
}

Tensor sums_on(Device device, const Tensor& rows, const Tensor& ids, std::int64_t segments) {
  const DeviceScope scope(device);
  return unsorted_segment_sum(copy_to(rows, device), copy_to(ids, device), segments);
}

void compare(const Shape& shape, std::int64_t segments, DType dtype, int launches,
             DType id_type = DType::kInt32) {
  const Tensor rows = rows_of(shape, dtype);
  const Tensor ids = ids_of(shape.dim(0), segments, id_type);
  const std::string what = text(rows.spec(), " in ", segments);
  const device::Ledger ledger(gpu());
  const Tensor got = sums_on(gpu(), rows, ids, segments);
  EXPECT_EQ(ledger.counts()[device::Count::kLaunches], launches) << what;
  EXPECT_EQ(difference(what, got, sums_on(cpu(), rows, ids, segments),
                       is_floating(dtype) ? Tolerance{1e-5, 1e-4} : kExact),
            "");
  EXPECT_EQ(exact_difference(what + " again", sums_on(gpu(), rows, ids, segments), got), "");
}

TEST(gpu_segment_sum, equals_the_cpu_in_every_type) {
  for (const DType dtype : {float32, float64, DType::kInt8, DType::kInt16, int32, int64}) {
    compare({40, 3}, 5, dtype, 3);
    compare({200}, 7, dtype, 3, int64);
  }
  for (const DType dtype : {float16, DType::kBFloat16}) compare({12, 3}, 8, dtype, 3);
}

TEST(gpu_segment_sum, of_long_segments) {
  compare({1000, 2}, 2, float32, 3);
  compare({1000}, 1, float64, 3);
  compare({64}, 1, int32, 3);
}

TEST(gpu_segment_sum, of_many_segments) {
  compare({3000, 2}, 400, float32, 4);
  compare({300}, 70000, float32, 5);
  compare({129, 33}, 64, float32, 3);
}

TEST(gpu_segment_sum, of_several_tiles) {
  compare({9001}, 300, int32, 8);
  compare({4097, 2}, 10, float32, 5);
}

TEST(gpu_segment_sum, of_nothing) {
  compare({0, 3}, 4, float32, 1);
  compare({5, 0}, 4, float32, 0);
}

TEST(gpu_segment_sum, with_wide_indices) {
  detail::set_wide_index_limit(1);
  compare({200, 3}, 300, float32, 4);
  compare({5000}, 5, int64, 5, int64);
  detail::set_wide_index_limit(0);
}

}  // namespace
}  // namespace keen::test
