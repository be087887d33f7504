// Ops that only move elements, beside the CPU: elements of every size, sizes that are whole vectors
// and such that are not, parts that begin between vectors, indices of 32 and of 64 bits.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "kernels/broadcast_to.h"
#include "kernels/concat.h"
#include "kernels/elementwise.h"
#include "kernels/gather.h"
#include "kernels/pad.h"
#include "kernels/slice.h"
#include "kernels/transpose.h"
#include "runtime/base/text.h"
#include "runtime/device/ledger.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/support/compare.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

using Range = Index::Range;
using Call = std::function<std::vector<Tensor>(const Tensor&)>;

struct Move {
  std::string name;
  Shape shape;
  Call call;
  int launches;  // at most
};

Tensor some(const Shape& shape, DType dtype) {
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    values.push_back(static_cast<std::int32_t>(i * 7 % 113 + 1));
  }
  return cast(Tensor::from_vector(values, shape), dtype);
}

Call one(const std::function<Tensor(const Tensor&)>& call) {
  return [call](const Tensor& x) { return std::vector<Tensor>{call(x)}; };
}
Call transposed(const Ints& perm) {
  return one([perm](const Tensor& x) { return transpose(x, perm); });
}
Call broadcast(const Shape& shape) {
  return one([shape](const Tensor& x) { return broadcast_to(x, shape); });
}
Call item(const std::vector<Index>& list) {
  return one([list](const Tensor& x) {
    if (list.size() == 1) return get_item(x, {list[0]});
    return get_item(x, {list[0], list[1]});
  });
}
Call padded(const Paddings& paddings) {
  return one([paddings](const Tensor& x) { return pad(x, paddings, 3); });
}
Call split_in(int num, std::int64_t axis) {
  return [num, axis](const Tensor& x) { return split(x, num, axis); };
}
// Parts of the sizes given, joined in the opposite order.
Call rejoined(const std::vector<std::int64_t>& sizes, std::int64_t axis) {
  return one([sizes, axis](const Tensor& x) {
    std::vector<Tensor> parts = split(x, sizes, axis);
    return concat(std::vector<Tensor>(parts.rbegin(), parts.rend()), axis);
  });
}
Call gathered(std::int64_t axis, const Tensor& indices) {
  return one([axis, indices](const Tensor& x) { return gather(x, indices, axis); });
}

std::vector<Move> transposes() {
  return {{"whole tiles", {64, 96}, transposed({1, 0}), 1},
          {"odd tiles", {3, 67, 45}, transposed({0, 2, 1}), 1},
          {"three columns", {2, 500, 3}, transposed({0, 2, 1}), 1},
          {"three rows", {2, 3, 500}, transposed({0, 2, 1}), 1},
          {"two rows", {2, 1100}, transposed({1, 0}), 1},
          {"around and between", {5, 33, 4, 40}, transposed({2, 3, 0, 1}), 1},
          {"pairs", {37, 41, 2}, transposed({1, 0, 2}), 1},
          {"runs of four", {37, 41, 4}, transposed({1, 0, 2}), 1},
          {"long runs", {6, 7, 16}, transposed({1, 0, 2}), 1},
          {"all small", {3, 4, 5, 6}, transposed({3, 1, 2, 0}), 1},
          {"many blocks", {70, 40, 50}, transposed({2, 0, 1}), 1},
          {"nothing moves", {6, 7}, transposed({0, 1}), 0}};
}

std::vector<Move> slices() {
  return {
      {"rows", {9, 7}, item({Range{.begin = 1, .end = 6}}), 0},
      {"columns between vectors", {9, 40}, item({Index::all(), Range{.begin = 1, .end = 34}}), 1},
      {"columns of vectors", {9, 64}, item({Index::all(), Range{.begin = 16, .end = 48}}), 1},
      {"every third row", {20, 16}, item({Range{.stride = 3}}), 1},
      {"backwards", {5, 300}, item({Range{.stride = -1}, Range{.stride = -2}}), 1},
      {"channels", {6, 10}, item({Index::all(), 3}), 1}};
}

std::vector<Move> broadcasts() {
  return {{"a number", {1}, broadcast({1003}), 1},
          {"a row", {48}, broadcast({20, 48}), 1},
          {"an odd row", {10}, broadcast({33, 10}), 1},
          {"a column", {33, 1}, broadcast({33, 10}), 1},
          {"between", {3, 1, 5}, broadcast({2, 3, 4, 5}), 1}};
}

std::vector<Move> paddings() {
  return {{"one channel", {2, 7, 7, 1}, padded({{0, 0}, {0, 1}, {1, 2}, {0, 0}}), 1},
          {"three channels", {2, 5, 6, 3}, padded({{0, 0}, {1, 0}, {0, 1}, {0, 0}}), 1},
          {"many channels", {2, 5, 6, 32}, padded({{0, 0}, {0, 1}, {0, 1}, {0, 0}}), 1},
          {"channels too", {4, 10}, padded({{1, 2}, {3, 4}}), 1},
          {"from nothing", {0, 5}, padded({{1, 2}, {0, 0}}), 1}};
}

std::vector<Move> pieces() {
  return {{"rows", {6, 5}, split_in(3, 0), 1},
          {"columns", {33, 12}, split_in(4, 1), 1},
          {"columns of vectors", {20, 64}, split_in(2, -1), 1},
          {"single columns", {50, 40}, split_in(40, 1), 1},
          {"more than a table", {3, 130}, split_in(130, 1), 3},
          {"join rows", {9, 5}, rejoined({2, 4, 0, 3}, 0), 1},
          {"join columns", {21, 13}, rejoined({1, 3, 9}, 1), 4},
          {"join columns of vectors", {5, 96}, rejoined({16, 64, 16}, 1), 4},
          {"join many", {4, 70}, rejoined(std::vector<std::int64_t>(70, 1), 1), 72}};
}

std::vector<Move> gathers() {
  const Tensor places = constant({3, 0, 3, 1, 4, 4});
  const Tensor wide = constant({{1, 0}, {2, 2}}, {.dtype = int64});
  return {{"rows", {5, 7}, gathered(0, places), 1},
          {"long rows", {5, 64}, gathered(0, wide), 1},
          {"elements", {300, 5}, gathered(1, places), 1},
          {"between", {6, 5, 16}, gathered(1, wide), 1},
          {"beyond a block", {5, 1030}, gathered(0, places), 1}};
}

std::vector<Tensor> on(Device device, const Call& call, const Tensor& x) {
  const DeviceScope scope(device);
  return call(copy_to(x, device));
}

void compare(const Move& move, DType dtype) {
  const Tensor x = some(move.shape, dtype);
  const std::vector<Tensor> want = on(cpu(), move.call, x);
  const device::Ledger ledger(gpu());
  const std::vector<Tensor> got = on(gpu(), move.call, x);
  EXPECT_LE(ledger.counts()[device::Count::kLaunches], move.launches) << move.name;
  ASSERT_EQ(got.size(), want.size()) << move.name;
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(got[i].device(), gpu()) << move.name;
    EXPECT_EQ(exact_difference(text(move.name, " of ", x.spec(), ", ", i), got[i], want[i]), "");
  }
}

void compare_all(const std::vector<Move>& moves) {
  const auto each = [&] {
    for (const Move& move : moves) {
      for (const DType dtype : {DType::kInt8, float16, float32, float64}) compare(move, dtype);
    }
  };
  each();
  const WideIndices wide;
  each();
}

TEST(gpu_moves, transposes_as_the_cpu) { compare_all(transposes()); }

TEST(gpu_moves, slices_as_the_cpu) { compare_all(slices()); }

TEST(gpu_moves, broadcasts_as_the_cpu) { compare_all(broadcasts()); }

TEST(gpu_moves, pads_as_the_cpu) { compare_all(paddings()); }

TEST(gpu_moves, splits_and_joins_as_the_cpu) { compare_all(pieces()); }

TEST(gpu_moves, gathers_as_the_cpu) { compare_all(gathers()); }

// The places of a slice, zeros around them.
TEST(gpu_moves, gradients_of_slices_as_the_cpu) {
  std::vector<Move> moves = slices();
  for (Move& move : moves) {
    move.launches = 8;
    move.call = one([call = move.call](const Tensor& x) -> Tensor {
      return tape_gradient([&](const Tensor& y) { return square(call(y)[0]); }, 0)({x})[0];
    });
  }
  const auto each = [&] {
    for (const Move& move : moves) {
      for (const DType dtype : {float16, float32, float64}) compare(move, dtype);
    }
  };
  each();
  const WideIndices wide;
  each();
}

TEST(gpu_moves, one_hot_as_the_cpu) {
  const auto hot = [](DType of, std::int64_t axis) {
    return one([of, axis](const Tensor& x) {
      return one_hot(x, 37, {.on_value = 3, .off_value = 1, .axis = axis, .dtype = of});
    });
  };
  const auto each = [&] {
    for (const DType of : {DType::kInt8, float16, float32, float64}) {
      for (const DType indices : {int32, int64}) {
        compare({"last", {5, 13}, hot(of, -1), 1}, indices);
        compare({"first", {300}, hot(of, 0), 1}, indices);
        compare({"between", {4, 9}, hot(of, 1), 1}, indices);
      }
    }
  };
  each();
  const WideIndices wide;
  each();
}

TEST(gpu_moves, an_index_out_of_range_gathers_zeros) {
  const Tensor rows = copy_to(constant({{1.0, 2.0}, {3.0, 4.0}}), gpu());
  const Tensor places = copy_to(constant({1, 2, -1, 0}), gpu());
  const std::vector<float> want{3, 4, 0, 0, 0, 0, 1, 2};
  EXPECT_EQ(gather(rows, places, 0).to_vector<float>(), want);
}

}  // namespace
}  // namespace keen::test
