#include "kernels/pool.h"

#include <gtest/gtest.h>

#include <limits>

#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLowest = std::numeric_limits<float>::lowest();

Tensor some(const Shape& shape, std::uint64_t seed) { return arbitrary({float32, shape}, seed); }

// Numbers that all differ, in no order, so that no step of a difference makes another one largest.
Tensor distinct(const Shape& shape) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    values.push_back(static_cast<float>(i * 7919 % 10007) / 100.0F);
  }
  return Tensor::from_vector(values, shape);
}

OpCall max_pool(const Pool2DArgs& args) {
  return [args](const Tensor& x) { return nn::max_pool2d(x, args); };
}

OpCall avg_pool(const Pool2DArgs& args) {
  return [args](const Tensor& x) { return nn::avg_pool2d(x, args); };
}

// The gradient of a pool of x where dy comes in.
OpCall pool_gradient(const OpCall& pool) {
  return [pool](const Tensor& x, const Tensor& dy) {
    GradientTape tape;
    tape.watch(x);
    const Tensor y = pool({x})[0];
    return tape.gradient(y, x, {.output_gradients = {dy}});
  };
}

// The gradient of that with respect to dy where ddx comes in.
OpCall second_gradient(const OpCall& pool, const Shape& output) {
  return [pool, output](const Tensor& x, const Tensor& ddx) {
    const Tensor dy = copy_to(arbitrary({x.dtype(), output}, 3), x.device());
    GradientTape tape;
    tape.watch(dy);
    const Tensor dx = pool_gradient(pool)({x, dy})[0];
    return tape.gradient(dx, dy, {.output_gradients = {ddx}});
  };
}

std::vector<OpCase> geometries(OpCall (*pool)(const Pool2DArgs&)) {
  std::vector<OpCase> cases;
  for (const Padding padding : {Padding::kSame, Padding::kValid}) {
    const std::vector<Pool2DArgs> all{{.ksize = {2, 2}, .strides = {2, 2}, .padding = padding},
                                      {.ksize = {3, 2}, .strides = {1, 2}, .padding = padding},
                                      {.ksize = {3, 3}, .strides = {3, 3}, .padding = padding},
                                      {.ksize = {1, 4}, .strides = {2, 1}, .padding = padding}};
    for (const Pool2DArgs& args : all) {
      for (const Shape& shape : {Shape({2, 5, 6, 2}), Shape({1, 4, 5, 70})}) {
        cases.push_back({.name = text("geometry_", cases.size()),
                         .inputs = {distinct(shape)},
                         .call = pool(args)});
      }
    }
  }
  const Pool2DArgs same{.ksize = {2, 2}, .strides = {2, 2}, .padding = Padding::kSame};
  cases.push_back({.name = "empty_batch", .inputs = {some({0, 5, 5, 1}, 1)}, .call = pool(same)});
  cases.push_back({.name = "no_channels", .inputs = {some({1, 5, 5, 0}, 1)}, .call = pool(same)});
  cases.push_back({.name = "no_rows", .inputs = {some({1, 0, 5, 2}, 1)}, .call = pool(same)});
  cases.push_back({.name = "window_larger_than_the_input",
                   .inputs = {some({2, 2, 2, 1}, 1)},
                   .call = pool({.ksize = {3, 3}})});
  return cases;
}

void add_bad_cases(std::vector<OpCase>& cases) {
  struct Bad {
    const char* name;
    Shape shape;
    Pool2DArgs args;
    const char* error;
  };
  const std::vector<Bad> all{
      {"rank", {2, 5, 5}, {.ksize = {2, 2}}, "MaxPool: input must be 4-dimensional: [2,5,5]"},
      {"size_of_window",
       {2, 5, 5, 1},
       {.ksize = {0, 2}},
       "Sliding window ksize for dimension 1 must be > 0, but got 0"},
      {"stride",
       {2, 5, 5, 1},
       {.ksize = {2, 2}, .strides = {2, 0}},
       "Stride must be > 0, but got 0"},
      {"padding_of_a_window",
       {2, 5, 5, 1},
       {.ksize = {2, 2}, .padding = Padding::kExplicit, .explicit_paddings = {0, 2, 0, 0}},
       "explicit_paddings: 2 must be nonnegative and less than the window size 2"}};
  for (const Bad& bad : all) {
    cases.push_back({.name = bad.name,
                     .inputs = {some(bad.shape, 1)},
                     .call = max_pool(bad.args),
                     .error = {"InvalidArgumentError", bad.error}});
  }
  cases.push_back({.name = "channels_first",
                   .inputs = {some({2, 1, 5, 5}, 1)},
                   .call = max_pool({.ksize = {2, 2}, .data_format = DataFormat::kNCHW}),
                   .error = {"UnimplementedError", "MaxPool: the CPU has no kernel for NCHW"},
                   .cpu_only = true});  // GPUs have one
}

std::vector<OpCase> max_cases() {
  std::vector<OpCase> cases = geometries(max_pool);
  add_bad_cases(cases);
  struct Window {
    const char* name;
    std::vector<float> x;
    float y;
    std::vector<float> dx;
  };
  const std::vector<Window> windows{
      {"first_of_equals", {1, 1, 0, 1}, 1, {1, 0, 0, 0}},
      {"nan_first", {kNan, 1, 2, kNan}, 2, {1, 0, 0, 0}},
      {"nan_later", {1, kNan, 2, kNan}, 2, {0, 0, 1, 0}},
      {"nan_alone", {kNan, kNan, kNan, kNan}, kLowest, {1, 0, 0, 0}},
      {"infinity", {-kInfinity, -kInfinity, -kInfinity, -kInfinity}, kLowest, {1, 0, 0, 0}}};
  for (const Window& window : windows) {
    cases.push_back({.name = window.name,
                     .inputs = {Tensor::from_vector(window.x, {1, 2, 2, 1})},
                     .call = max_pool({.ksize = {2, 2}, .strides = {2, 2}}),
                     .outputs = {Tensor::from_vector<float>({window.y}, {1, 1, 1, 1})},
                     .gradient = GradientCheck::kNone,
                     .cotangents = {Tensor::from_vector<float>({1}, {1, 1, 1, 1})},
                     .gradients = {Tensor::from_vector(window.dx, {1, 2, 2, 1})}});
  }
  cases.push_back({.name = "explicit_padding",
                   .inputs = {Tensor::from_vector<float>({1, 2, 3, 4}, {1, 2, 2, 1})},
                   .call = max_pool({.ksize = {2, 2},
                                     .strides = {2, 2},
                                     .padding = Padding::kExplicit,
                                     .explicit_paddings = {1, 1, 0, 0}}),
                   .outputs = {Tensor::from_vector<float>({2, 4}, {1, 2, 1, 1})}});
  return cases;
}

std::vector<OpCase> average_cases() {
  std::vector<OpCase> cases = geometries(avg_pool);
  cases.push_back(
      {.name = "padding_does_not_count",
       .inputs = {Tensor::from_vector<float>({1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 3, 3, 1})},
       .call = avg_pool({.ksize = {2, 2}, .strides = {2, 2}, .padding = Padding::kSame}),
       .outputs = {Tensor::from_vector<float>({3, 4.5, 7.5, 9}, {1, 2, 2, 1})}});
  cases.push_back({.name = "explicit_padding",
                   .inputs = {some({1, 4, 4, 1}, 1)},
                   .call = avg_pool({.padding = Padding::kExplicit}),
                   .error = {"InvalidArgumentError", "AvgPool: padding must be SAME or VALID"}});
  return cases;
}

const Pool2DArgs kOverlapping{.ksize = {3, 2}, .strides = {2, 2}, .padding = Padding::kSame};
const Shape kInput{2, 5, 6, 3};
const Shape kOutput{2, 3, 3, 3};

KEEN_OP_CASES("MaxPool", (max_cases()));
KEEN_OP_CASES("AvgPool", (average_cases()));
KEEN_OP_CASES("MaxPoolGrad", {{.name = "overlapping",
                               .inputs = {distinct(kInput), some(kOutput, 2)},
                               .call = pool_gradient(max_pool(kOverlapping))}});
KEEN_OP_CASES("MaxPoolGradGrad", {{.name = "overlapping",
                                   .inputs = {distinct(kInput), some(kInput, 2)},
                                   .call = second_gradient(max_pool(kOverlapping), kOutput)}});
KEEN_OP_CASES("AvgPoolGrad", {{.name = "overlapping",
                               .inputs = {distinct(kInput), some(kOutput, 2)},
                               .call = pool_gradient(avg_pool(kOverlapping))}});

}  // namespace
}  // namespace keen::test
