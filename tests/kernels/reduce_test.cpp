// Cases of reductions.
#include "kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/argmax.h"
#include "kernels/elementwise.h"
#include "kernels/l2_loss.h"
#include "kernels/mean_grad.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/op_case.h"

namespace keen::test {
namespace {

using Op = Tensor (*)(const Tensor&, const ReduceArgs&);

OpCall with(Op op, const ReduceArgs& args) {
  return [op, args](const Tensor& x) { return op(x, args); };
}

const double kNan = std::nan("");
const double kInf = HUGE_VAL;
Tensor cube() {
  return constant({{{1.0, -2.0, 3.0}, {4.0, 5.0, -6.0}},  // [2, 2, 3]
                   {{7.0, 8.0, 9.5}, {-10.0, 0.5, 2.5}}});
}
Tensor empty() { return Tensor::from_vector(std::vector<float>(), {2, 0}); }

// Errors that every reduction has.
std::vector<OpCase> with_errors(Op op, const Tensor& input, std::vector<OpCase> list) {
  list.push_back({.name = "axis_out_of_range",
                  .inputs = {input},
                  .call = with(op, {.axis = 3}),
                  .error = {"InvalidArgumentError", "Invalid reduction dimension (3 for input"}});
  list.push_back({.name = "axis_twice",
                  .inputs = {input},
                  .call = with(op, {.axis = {1, -2}}),
                  .error = {"InvalidArgumentError", "Axes contains duplicate dimension: 1"}});
  return list;
}

// Every set of axes of a [2, 3, 4, 5] array against a reduction of the numbers in double.
std::vector<OpCase> all_axes(Op op, double (*reduce)(const std::vector<double>&)) {
  const Shape shape({2, 3, 4, 5});
  std::vector<float> x;  // no two alike
  for (int i = 0; i < 120; ++i) x.push_back(static_cast<float>(i * 37 % 120 - 60) / 16.0F);
  std::vector<OpCase> list;
  for (unsigned mask = 0; mask < 16; ++mask) {
    Ints axes;
    std::string name = "axes";
    Shape kept;
    for (int i = 0; i < 4; ++i) {
      const bool reduced = (mask >> i & 1U) != 0;
      if (reduced) axes.push_back(i - 4);
      if (reduced) name += std::to_string(i);
      kept.push_back(reduced ? 1 : shape.dim(i));
    }
    std::vector<std::vector<double>> groups(static_cast<std::size_t>(kept.num_elements()));
    for (std::size_t at = 0; at < x.size(); ++at) {
      auto rest = static_cast<std::int64_t>(at);
      std::int64_t place = 0;
      std::int64_t stride = 1;
      for (int i = 3; i >= 0; --i) {
        place += kept.dim(i) == 1 ? 0 : (rest % shape.dim(i)) * stride;
        stride *= kept.dim(i);
        rest /= shape.dim(i);
      }
      groups[static_cast<std::size_t>(place)].push_back(x[at]);
    }
    std::vector<double> expected;
    for (const auto& group : groups) expected.push_back(reduce(group));
    list.push_back({.name = name,
                    .inputs = {constant(x, shape)},
                    .call = with(op, {.axis = axes, .keepdims = true}),
                    .outputs = {cast(constant(expected, kept), float32)},
                    .tolerance = kContraction});
  }
  return list;
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}
double mean_of(const std::vector<double>& values) {
  return sum_of(values) / static_cast<double>(values.size());
}
double max_of(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}
double min_of(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

const OpCases kSumAxes("Sum", [] { return all_axes(reduce_sum, sum_of); });
const OpCases kMeanAxes("Mean", [] { return all_axes(reduce_mean, mean_of); });
const OpCases kMaxAxes("Max", [] { return all_axes(reduce_max, max_of); });
const OpCases kMinAxes("Min", [] { return all_axes(reduce_min, min_of); });

const OpCases kSum("Sum", [] {
  return with_errors(reduce_sum, cube(),
                     {{.name = "all",
                       .inputs = {cube()},
                       .call = with(reduce_sum, {}),
                       .outputs = {constant(22.5)}},
                      {.name = "first_without",
                       .inputs = {cube()},
                       .call = with(reduce_sum, {.axis = 0}),
                       .outputs = {constant({{8.0, 6.0, 12.5}, {-6.0, 5.5, -3.5}})}},
                      {.name = "scalar",
                       .inputs = {constant(3.0)},
                       .call = with(reduce_sum, {}),
                       .outputs = {constant(3.0)}},
                      {.name = "no_elements",
                       .inputs = {empty()},
                       .call = with(reduce_sum, {.axis = 1}),
                       .outputs = {constant({0.0, 0.0})}},
                      {.name = "of_int64",
                       .inputs = {constant({1, 2, 3}, {.dtype = int64})},
                       .call = with(reduce_sum, {}),
                       .outputs = {constant(6, {.dtype = int64})}},
                      {.name = "half_is_summed_in_float",
                       .inputs = {cast(constant(std::vector<float>(3000, 1.0F)), float16)},
                       .call = with(reduce_sum, {}),
                       .outputs = {constant(3000.0, {.dtype = float16})},
                       .gradient = GradientCheck::kNone},
                      {.name = "bfloat16_over_two_axes_apart",
                       .inputs = {constant({{{1.0, 2.0}, {3.0, 4.0}}, {{5.0, 6.0}, {7.0, 8.0}}},
                                           {.dtype = DType::kBFloat16})},
                       .call = with(reduce_sum, {.axis = {0, 2}}),
                       .outputs = {constant({14.0, 22.0}, {.dtype = DType::kBFloat16})},
                       .gradient = GradientCheck::kNone},
                      {.name = "of_bool",
                       .inputs = {constant({true})},
                       .call = with(reduce_sum, {}),
                       .error = {"InvalidArgumentError", "its dtype must be one of "}}});
});

const OpCases kMean("Mean", [] {
  return with_errors(
      reduce_mean, cube(),
      {{.name = "last",
        .inputs = {cube()},
        .call = with(reduce_mean, {.axis = -1}),
        .outputs = {cast(constant({{2.0 / 3, 1.0}, {24.5 / 3, -7.0 / 3}}), float32)}},
       {.name = "no_elements",
        .inputs = {empty()},
        .call = with(reduce_mean, {.axis = 1}),
        .outputs = {constant({kNan, kNan})}},
       {.name = "integers_are_cut",
        .inputs = {constant({{1, 2}, {-1, -2}})},
        .call = with(reduce_mean, {.axis = 1}),
        .outputs = {constant({1, -1})}}});
});

const OpCases kMax("Max", [] {
  return with_errors(reduce_max, cube(),
                     {{.name = "ties_share_the_gradient",
                       .inputs = {constant({{1.0, 3.0, 3.0, 3.0}, {2.0, 0.0, 2.0, 1.0}})},
                       .call = with(reduce_max, {.axis = 1}),
                       .outputs = {constant({3.0, 2.0})},
                       .gradient = GradientCheck::kNone,
                       .cotangents = {constant({3.0, 4.0})},
                       .gradients = {constant({{0.0, 1.0, 1.0, 1.0}, {2.0, 0.0, 2.0, 0.0}})}},
                      {.name = "nan_wins",
                       .inputs = {constant({{1.0, kNan, 3.0}, {-kInf, 2.0, 1.0}})},
                       .call = with(reduce_max, {.axis = 1}),
                       .outputs = {constant({kNan, 2.0})},
                       .gradient = GradientCheck::kNone},
                      {.name = "no_elements",
                       .inputs = {empty()},
                       .call = with(reduce_max, {.axis = 1}),
                       .outputs = {constant({-kInf, -kInf})}},
                      {.name = "of_int8",
                       .inputs = {constant({-128, -3, -7}, {.dtype = int8})},
                       .call = with(reduce_max, {}),
                       .outputs = {constant(-3, {.dtype = int8})}}});
});

const OpCases kMin("Min", [] {
  return with_errors(reduce_min, cube(),
                     {{.name = "nan_wins",
                       .inputs = {constant({{1.0, kNan, 3.0}, {-kInf, 2.0, 1.0}})},
                       .call = with(reduce_min, {.axis = 1}),
                       .outputs = {constant({kNan, -kInf})},
                       .gradient = GradientCheck::kNone},
                      {.name = "no_elements",
                       .inputs = {empty()},
                       .call = with(reduce_min, {.axis = 1}),
                       .outputs = {constant({kInf, kInf})}}});
});

Tensor truth() { return constant({{true, true, false}, {true, false, false}}); }

KEEN_OP_CASES("All", {{.name = "columns",
                       .inputs = {truth()},
                       .call = with(reduce_all, {.axis = 0}),
                       .outputs = {constant({true, false, false})}},
                      {.name = "all",
                       .inputs = {truth()},
                       .call = with(reduce_all, {}),
                       .outputs = {constant(false)}},
                      {.name = "numbers",
                       .inputs = {constant({1.0})},
                       .call = with(reduce_all, {}),
                       .error = {"InvalidArgumentError", "its dtype must be one of bool"}}});
KEEN_OP_CASES("Any", {{.name = "columns",
                       .inputs = {truth()},
                       .call = with(reduce_any, {.axis = 0, .keepdims = true}),
                       .outputs = {constant({{true, true, false}})}},
                      {.name = "none",
                       .inputs = {Tensor::from_vector(std::vector<bool>(), {0})},
                       .call = with(reduce_any, {}),
                       .outputs = {constant(false)}}});

// Large enough for several threads: the parts are combined in order.
Tensor large(const Shape& shape) { return arbitrary({float32, shape}, 11); }

const OpCases kLargeSums("Sum", [] {
  const auto against_double = [](const std::string& name, const Shape& shape, const Axes& axis) {
    const Tensor x = large(shape);
    const ReduceArgs args{.axis = axis};
    return OpCase{.name = name,
                  .inputs = {x},
                  .call = with(reduce_sum, args),
                  .outputs = {cast(reduce_sum(cast(x, float64), args), float32)},
                  .tolerance = {1e-6, 1e-4},
                  .gradient = GradientCheck::kNone};
  };
  return std::vector<OpCase>{against_double("large_full", {300007}, Axes::all()),
                             against_double("large_rows", {700, 301}, 1),
                             against_double("large_columns", {5003, 67}, 0),
                             against_double("large_middle", {3, 20011, 5}, 1),
                             against_double("large_few_rows", {1, 300007}, 1)};
});

OpCall share_of(const Shape& shape, std::int64_t divisor) {
  return [=](const Tensor& dy) {
    return op::execute(op::kMeanGrad, {dy}, op::MeanGradArgs{.shape = shape, .divisor = divisor});
  };
}

KEEN_OP_CASES("_MeanGrad",
              {{.name = "of_all",
                .inputs = {constant(6.0)},
                .call = share_of({2, 3}, 6),
                .outputs = {fill({2, 3}, 1.0)}},
               {.name = "of_rows",
                .inputs = {constant({{3.0}, {6.0}})},
                .call = share_of({2, 3}, 3),
                .outputs = {constant({{1.0, 1.0, 1.0}, {2.0, 2.0, 2.0}})}},
               {.name = "of_columns",
                .inputs = {constant({{3.0, 6.0, 1.0}}, {.dtype = float16})},
                .call = share_of({2, 3}, 2),
                .outputs = {constant({{1.5, 3.0, 0.5}, {1.5, 3.0, 0.5}}, {.dtype = float16})}},
               {.name = "of_ones",
                .inputs = {constant({{3.0, 6.0, 1.0}})},
                .call = share_of({1, 3}, 1),
                .outputs = {constant({{3.0, 6.0, 1.0}})}},
               {.name = "shape_that_does_not_fit",
                .inputs = {constant({1.0, 2.0})},
                .call = share_of({3}, 1),
                .error = {"InvalidArgumentError", "_MeanGrad: Incompatible shapes: [2] vs. [3]"}}});

// ---- argmax, l2_loss ----

Tensor scores() { return constant({{1.0, 5.0, 5.0}, {kNan, 2.0, -1.0}}); }

OpCall largest(const ArgMaxArgs& args) {
  return [args](const Tensor& x) { return argmax(x, args); };
}
OpCall smallest(const ArgMaxArgs& args) {
  return [args](const Tensor& x) { return argmin(x, args); };
}

KEEN_OP_CASES("ArgMax",
              {{.name = "first_of_ties_without_nan",
                .inputs = {scores()},
                .call = largest({.axis = 1}),
                .outputs = {constant({1, 1}, {.dtype = int64})}},
               {.name = "columns",
                .inputs = {scores()},
                .call = largest({.axis = 0, .output_type = int32}),
                .outputs = {constant({0, 0, 0})}},
               {.name = "empty_axis",
                .inputs = {empty()},
                .call = largest({.axis = 1}),
                .error = {"InvalidArgumentError", "Reduction axis 1 is empty in shape [2,0]"}},
               {.name = "axis_out_of_range",
                .inputs = {scores()},
                .call = largest({.axis = 2}),
                .error = {"InvalidArgumentError", "ArgMax: axis 2 is out of range [-2, 2)"}}});
KEEN_OP_CASES("ArgMin", {{.name = "rows",
                          .inputs = {scores()},
                          .call = smallest({.axis = -1}),
                          .outputs = {constant({0, 2}, {.dtype = int64})}}});

KEEN_OP_CASES(
    "L2Loss",
    {{.name = "matrix",
      .inputs = {constant({{1.0, 2.0}, {3.0, -4.0}})},
      .call = nn::l2_loss,
      .outputs = {constant(15.0)}},
     {.name = "half",
      .inputs = {constant({1.5, -2.0}, {.dtype = float16})},
      .call = nn::l2_loss,
      .outputs = {constant(3.125, {.dtype = float16})}},
     {.name = "no_elements", .inputs = {empty()}, .call = nn::l2_loss, .outputs = {constant(0.0)}},
     {.name = "weighted",
      .inputs = {constant({{1.0, 2.0}, {3.0, -4.0}})},
      .call = [](const Tensor& t) { return nn::weighted_l2_loss(t, 0.25); },
      .outputs = {constant(3.75)}},
     {.name = "integers",
      .inputs = {constant({1})},
      .call = nn::l2_loss,
      .error = {"InvalidArgumentError", "its dtype must be one of "}}});

Tensor l2_loss_grad(const Tensor& t, const Tensor& dy) {
  return op::execute(op::kL2LossGrad, {t, dy}, op::L2LossArgs{.weight = 0.5});
}

KEEN_OP_CASES("_L2LossGrad", {{.name = "matrix",
                               .inputs = {constant({{1.0, 2.0}, {3.0, -4.0}}), constant(6.0)},
                               .call = l2_loss_grad,
                               .outputs = {constant({{3.0, 6.0}, {9.0, -12.0}})}},
                              {.name = "half",
                               .inputs = {constant({1.5, -2.0, 1.0}, {.dtype = float16}),
                                          constant(4.0, {.dtype = float16})},
                               .call = l2_loss_grad,
                               .outputs = {constant({3.0, -4.0, 2.0}, {.dtype = float16})}},
                              {.name = "no_elements",
                               .inputs = {empty(), constant(1.0)},
                               .call = l2_loss_grad,
                               .outputs = {empty()}},
                              {.name = "gradient_that_is_no_scalar",
                               .inputs = {constant({1.0}), constant({1.0})},
                               .call = l2_loss_grad,
                               .error = {"InvalidArgumentError", "must be a scalar: [1]"}}});

}  // namespace
}  // namespace keen::test
