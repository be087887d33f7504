// Running sums and products, and the places of extrema, beside the CPU in every dtype: along the
// innermost axis and along others, lines shorter and longer than a block.
#include "kernels/scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kernels/argmax.h"
#include "kernels/detail/elementwise_loops.h"
#include "runtime/base/text.h"
#include "tests/gpu/beside_cpu.h"

namespace keen::test {
namespace {

struct Work {
  Shape shape;
  int axis;
};

const std::vector<Work>& works() {
  static const std::vector<Work> list = {
      {Shape({1}), 0},      {Shape({7}), 0},         {Shape({3, 700}), 1},     {Shape({300, 5}), 1},
      {Shape({70, 40}), 0}, {Shape({2, 300, 3}), 1}, {Shape({2, 3, 4, 5}), 2}, {Shape({5000}), 0}};
  return list;
}

template <class F>
void each_case(F&& f) {
  for (int type = 1; type < static_cast<int>(DType::kString); ++type) {
    const auto dtype = static_cast<DType>(type);
    if (!contains(detail::Numbers::kSet, dtype)) continue;
    for (const Work& work : works()) f(work, dtype);
  }
}

TEST(gpu_scan, sums_and_products_as_the_cpu) {
  each_case([](const Work& work, DType dtype) {
    for (int mode = 0; mode < 4; ++mode) {
      const ScanArgs args{.axis = work.axis, .exclusive = mode % 2 == 1, .reverse = mode / 2 == 1};
      expect_as_cpu(
          text("scans of ", dtype, work.shape, ' ', mode),
          [&](const std::vector<Tensor>& in) {
            return std::vector{cumsum(in[0], args), cumprod(in[1], args)};
          },
          {small_numbers(work.shape, dtype), small_numbers(work.shape, dtype, 3)}, kExact, 2);
    }
  });
}

TEST(gpu_scan, places_of_extrema_as_the_cpu) {
  each_case([](const Work& work, DType dtype) {
    for (const DType index : {int32, int64}) {
      const ArgMaxArgs args{.axis = work.axis, .output_type = index};
      expect_as_cpu(
          text("extrema of ", dtype, work.shape),
          [&](const std::vector<Tensor>& in) {
            return std::vector{argmax(in[0], args), argmin(in[0], args)};
          },
          {small_numbers(work.shape, dtype, 97)}, kExact, 2);
    }
  });
}

TEST(gpu_scan, extrema_among_nans) {
  std::vector<float> values(900, std::nanf(""));
  values[450] = 1;
  values[870] = 2;
  for (std::size_t i = 600; i < 620; ++i) values[i] = 3;
  const Tensor x = Tensor::from_vector(values, Shape({3, 300}));
  for (const int axis : {0, 1}) {
    expect_as_cpu(
        text("among nans along ", axis),
        [&](const std::vector<Tensor>& in) {
          return std::vector{argmax(in[0], {.axis = axis}), argmin(in[0], {.axis = axis})};
        },
        {x}, kExact);
  }
}

}  // namespace
}  // namespace keen::test
