#include "kernels/conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "kernels/bias_add.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

Tensor some(const Shape& shape, std::uint64_t seed, DType dtype = float32) {
  return arbitrary({dtype, shape}, seed);
}

struct Case {
  Shape x;
  Shape w;
  Conv2DArgs args;
};

std::vector<Case> geometries() {
  std::vector<Case> all;
  for (const Padding padding : {Padding::kSame, Padding::kValid}) {
    all.push_back({{2, 7, 8, 3}, {3, 3, 3, 4}, {.padding = padding}});
    all.push_back({{2, 7, 8, 3}, {3, 3, 3, 4}, {.strides = {2, 2}, .padding = padding}});
    all.push_back({{1, 7, 6, 2}, {3, 2, 2, 3}, {.strides = {2, 1}, .padding = padding}});
    all.push_back({{2, 10, 11, 2}, {4, 4, 2, 2}, {.strides = {3, 3}, .padding = padding}});
    all.push_back({{1, 9, 10, 2}, {3, 3, 2, 3}, {.padding = padding, .dilations = {2, 3}}});
    all.push_back({{2, 5, 5, 4}, {3, 3, 2, 6}, {.padding = padding}});  // two groups
    all.push_back({{1, 6, 5, 3}, {2, 2, 1, 6}, {.padding = padding}});  // one channel a group
    all.push_back({{2, 6, 7, 1}, {5, 5, 1, 2}, {.padding = padding}});
    all.push_back({{2, 5, 6, 3}, {1, 1, 3, 2}, {.strides = {2, 2}, .padding = padding}});
  }
  all.push_back({{1, 5, 5, 2},
                 {3, 3, 2, 3},
                 {.padding = Padding::kExplicit, .explicit_paddings = {2, 1, 0, 3}}});
  return all;
}

// The result by its definition, in double.
template <class T>
std::vector<double> reference(const Case& c, const Tensor& x_tensor, const Tensor& w_tensor,
                              const Shape& out) {
  const auto x = x_tensor.to_vector<T>();
  const auto w = w_tensor.to_vector<T>();
  const std::int64_t in_group = c.w.dim(2);
  const std::int64_t groups = c.x.dim(3) / in_group;
  const auto pad = [&](int i) {
    if (c.args.padding == Padding::kExplicit) {
      return std::int64_t{c.args.explicit_paddings[static_cast<std::size_t>(2 * i)]};
    }
    if (c.args.padding == Padding::kValid) return std::int64_t{0};
    const auto d = static_cast<std::size_t>(i);
    const std::int64_t extent = (c.w.dim(i) - 1) * c.args.dilations[d] + 1;
    const std::int64_t total = (out.dim(i + 1) - 1) * c.args.strides[d] + extent - c.x.dim(i + 1);
    return std::max<std::int64_t>(0, total) / 2;
  };
  std::vector<double> y;
  for (std::int64_t n = 0; n < out.dim(0); ++n) {
    for (std::int64_t oy = 0; oy < out.dim(1); ++oy) {
      for (std::int64_t ox = 0; ox < out.dim(2); ++ox) {
        for (std::int64_t k = 0; k < out.dim(3); ++k) {
          double sum = 0;
          for (std::int64_t ky = 0; ky < c.w.dim(0); ++ky) {
            for (std::int64_t kx = 0; kx < c.w.dim(1); ++kx) {
              const std::int64_t iy = oy * c.args.strides[0] - pad(0) + ky * c.args.dilations[0];
              const std::int64_t ix = ox * c.args.strides[1] - pad(1) + kx * c.args.dilations[1];
              if (iy < 0 || iy >= c.x.dim(1) || ix < 0 || ix >= c.x.dim(2)) continue;
              for (std::int64_t i = 0; i < in_group; ++i) {
                const std::int64_t channel = k / (out.dim(3) / groups) * in_group + i;
                const auto at = ((n * c.x.dim(1) + iy) * c.x.dim(2) + ix) * c.x.dim(3) + channel;
                const auto weight = ((ky * c.w.dim(1) + kx) * in_group + i) * out.dim(3) + k;
                sum += static_cast<double>(x[static_cast<std::size_t>(at)]) *
                       static_cast<double>(w[static_cast<std::size_t>(weight)]);
              }
            }
          }
          y.push_back(sum);
        }
      }
    }
  }
  return y;
}

template <class T>
Tensor reference_tensor(const Case& c, const Tensor& x, const Tensor& w) {
  const Shape out = nn::conv2d(x, w, c.args).shape();
  const auto y = reference<T>(c, x, w, out);
  return Tensor::from_vector(std::vector<T>(y.begin(), y.end()), out);
}

OpCall conv(const Conv2DArgs& args) {
  return [args](const Tensor& x, const Tensor& w) { return nn::conv2d(x, w, args); };
}

std::vector<OpCase> conv_cases() {
  std::vector<OpCase> cases;
  int i = 0;
  for (const Case& c : geometries()) {
    const Tensor x = some(c.x, 1);
    const Tensor w = some(c.w, 2);
    cases.push_back({.name = text("geometry_", i),
                     .inputs = {x, w},
                     .call = conv(c.args),
                     .outputs = {reference_tensor<float>(c, x, w)},
                     .tolerance = kContraction});
    const Tensor x64 = some(c.x, 1, float64);
    const Tensor w64 = some(c.w, 2, float64);
    cases.push_back({.name = text("geometry_", i++, "_float64"),
                     .inputs = {x64, w64},
                     .call = conv(c.args),
                     .outputs = {reference_tensor<double>(c, x64, w64)},
                     .tolerance = {1e-12, 1e-12}});
  }
  const Conv2DArgs same{.padding = Padding::kSame};
  for (const auto& [name, x, w] : {std::tuple{"empty_batch", Shape{0, 5, 5, 4}, Shape{3, 3, 4, 3}},
                                   std::tuple{"no_rows", Shape{2, 0, 5, 4}, Shape{3, 3, 4, 3}}}) {
    cases.push_back({.name = name, .inputs = {some(x, 1), some(w, 2)}, .call = conv(same)});
  }
  cases.push_back({.name = "filter_larger_than_the_input",
                   .inputs = {some({1, 2, 2, 1}, 1), some({3, 3, 1, 1}, 2)},
                   .call = conv({})});
  return cases;
}

struct Bad {
  std::string name;
  Shape x;
  Shape w;
  Conv2DArgs args;
  std::string error;
};

void add_bad_cases(std::vector<OpCase>& cases) {
  const std::vector<Bad> all{
      {"rank_of_input",
       {2, 5, 5},
       {3, 3, 1, 1},
       {},
       "Conv2D: input must be 4-dimensional: [2,5,5]"},
      {"rank_of_filter", {2, 5, 5, 1}, {3, 3, 1}, {}, "filter must be 4-dimensional: [3,3,1]"},
      {"input_depth",
       {2, 5, 5, 3},
       {3, 3, 2, 1},
       {},
       "input depth must be evenly divisible by filter depth: 3 vs 2"},
      {"output_depth",
       {2, 5, 5, 4},
       {3, 3, 2, 3},
       {},
       "output depth must be evenly divisible by number of groups: 3 vs 2"},
      {"stride", {2, 5, 5, 4}, {3, 3, 4, 3}, {.strides = {0, 1}}, "Stride must be > 0, but got 0"},
      {"dilation",
       {2, 5, 5, 4},
       {3, 3, 4, 3},
       {.dilations = {1, 0}},
       "Dilated rates should be larger than 0"},
      {"empty_filter", {2, 5, 5, 4}, {3, 3, 4, 0}, {}, "filter must not have zero elements"},
      {"negative_padding",
       {2, 5, 5, 4},
       {3, 3, 4, 3},
       {.padding = Padding::kExplicit, .explicit_paddings = {-1, 0, 0, 0}},
       "explicit_paddings: All elements must be nonnegative, but got -1"},
      {"padding_twice",
       {2, 5, 5, 4},
       {3, 3, 4, 3},
       {.explicit_paddings = {1, 0, 0, 0}},
       "explicit_paddings must be empty"}};
  for (const Bad& bad : all) {
    cases.push_back({.name = bad.name,
                     .inputs = {some(bad.x, 1), some(bad.w, 2)},
                     .call = conv(bad.args),
                     .error = {"InvalidArgumentError", bad.error}});
  }
  cases.push_back(
      {.name = "channels_first",
       .inputs = {some({2, 4, 5, 5}, 1), some({3, 3, 4, 2}, 2)},
       .call = conv({.data_format = DataFormat::kNCHW}),
       .error = {"UnimplementedError", "only supports the NHWC tensor format on the CPU"},
       .cpu_only = true});  // GPUs have a kernel for it
}

std::vector<OpCase> all_conv_cases() {
  std::vector<OpCase> cases = conv_cases();
  add_bad_cases(cases);
  return cases;
}

KEEN_OP_CASES("Conv2D", (all_conv_cases()));

const Conv2DArgs kStrided{.strides = {2, 2}, .padding = Padding::kSame};

KEEN_OP_CASES(
    "Conv2DBackpropInput",
    {{.name = "second_gradient",
      .inputs = {some({1, 4, 5, 2}, 1), some({3, 3, 2, 2}, 2)},
      .call = tape_gradient(conv(kStrided), 0)},
     {.name = "size_of_out_backprop",
      .inputs = {some({3, 3, 1, 2}, 1), some({2, 5, 4, 2}, 2)},
      .call =
          [](const Tensor& w, const Tensor& dy) {
            return nn::conv2d_backprop_input({2, 5, 5, 1}, w, dy, {.padding = Padding::kSame});
          },
      .error = {"InvalidArgumentError",
                "Conv2DBackpropInput: Size of out_backprop doesn't match computed: actual = "
                "[2,5,4,2]"}}});

KEEN_OP_CASES("Conv2DBackpropFilter",
              {{.name = "second_gradient",
                .inputs = {some({1, 4, 5, 2}, 1), some({3, 3, 2, 2}, 2)},
                .call = tape_gradient(conv(kStrided), 1)},
               {.name = "empty_batch",
                .inputs = {some({0, 5, 5, 1}, 1), some({0, 5, 5, 2}, 2)},
                .call =
                    [](const Tensor& x, const Tensor& dy) {
                      return nn::conv2d_backprop_filter(x, {1, 1, 1, 2}, dy, {});
                    },
                .outputs = {Tensor::from_vector<float>({0, 0}, {1, 1, 1, 2})}},
               {.name = "rank_of_filter_sizes",
                .inputs = {some({2, 5, 5, 1}, 1), some({2, 5, 5, 2}, 2)},
                .call =
                    [](const Tensor& x, const Tensor& dy) {
                      return nn::conv2d_backprop_filter(x, {1, 1}, dy, {});
                    },
                .error = {"InvalidArgumentError",
                          "filter_sizes must be four known sizes: [1,1]"}}});

OpCall fused(const Conv2DArgs& args) {
  return [args](const Tensor& x, const Tensor& w, const Tensor& b) {
    return nn::fused_conv2d(x, w, b, args);
  };
}

std::vector<OpCase> fused_cases() {
  const Tensor x = some({2, 7, 8, 3}, 1);
  const Tensor w = some({3, 3, 3, 5}, 2);
  const Tensor b = some({5}, 3);
  return {
      {.name = "equals_bias_add",
       .inputs = {x, w, b},
       .call = fused(kStrided),
       .outputs = {nn::bias_add(nn::conv2d(x, w, kStrided), b)},
       .tolerance = kContraction},
      {.name = "empty_batch", .inputs = {some({0, 7, 8, 3}, 1), w, b}, .call = fused(kStrided)},
      {.name = "size_of_bias",
       .inputs = {x, w, some({3}, 3)},
       .call = fused(kStrided),
       .error = {"InvalidArgumentError", "bias must be one number per filter: [3] vs. [3,3,3,5]"}}};
}

KEEN_OP_CASES("_FusedConv2D", (fused_cases()));

// float32 goes to another library than float64, whose gradients are checked by differences.
TEST(conv2d, float32_gradients_equal_float64_ones) {
  auto all = geometries();
  all.push_back({{8, 28, 28, 1}, {3, 3, 1, 32}, {.padding = Padding::kSame}});
  all.push_back({{4, 14, 14, 32}, {3, 3, 32, 64}, {.strides = {2, 2}, .padding = Padding::kSame}});
  for (const Case& c : all) {
    std::vector<Tensor> results[2];
    for (const DType dtype : {float32, float64}) {
      const Tensor x = some(c.x, 1, dtype);
      const Tensor w = some(c.w, 2, dtype);
      const Tensor y = nn::conv2d(x, w, c.args);
      const Tensor dy = some(y.shape(), 3, dtype);
      results[dtype == float64] = {y, nn::conv2d_backprop_input(c.x, w, dy, c.args),
                                   nn::conv2d_backprop_filter(x, c.w, dy, c.args)};
    }
    results[1] = converted(results[1], float32);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(difference("result", results[0][i], results[1][i], {1e-5, 1e-4}), "");
    }
  }
}

TEST(conv2d, same_threads_same_bits) {
  const int before = config::threading::get_intra_op_parallelism_threads();
  const Tensor x = some({8, 14, 14, 16}, 1);
  const Tensor w = some({3, 3, 16, 32}, 2);
  const Tensor dy = some({8, 7, 7, 32}, 3);
  for (const int threads : {2, 4, 6}) {
    config::threading::set_intra_op_parallelism_threads(threads);
    const Tensor y = nn::conv2d(x, w, kStrided);
    const Tensor dw = nn::conv2d_backprop_filter(x, w.shape(), dy, kStrided);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(exact_difference("y", nn::conv2d(x, w, kStrided), y), "");
      EXPECT_EQ(exact_difference("dw", nn::conv2d_backprop_filter(x, w.shape(), dy, kStrided), dw),
                "");
    }
  }
  config::threading::set_intra_op_parallelism_threads(before);
}

}  // namespace
}  // namespace keen::test
