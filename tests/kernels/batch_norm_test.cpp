#include "kernels/batch_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "kernels/detail/batch_norm.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/device/device_context.h"
#include "runtime/op/execute.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

Tensor around(float centre, const Shape& shape, std::uint64_t seed) {
  auto values = arbitrary({float32, shape}, seed).to_vector<float>();
  for (float& value : values) value += centre;
  return Tensor::from_vector(values, shape);
}

Tensor some(const Shape& shape, std::uint64_t seed) { return around(0, shape, seed); }

using BatchNorm = FusedBatchNormResult (*)(const Tensor&, const Tensor&, const Tensor&,
                                           const Tensor&, const Tensor&, const FusedBatchNormArgs&);

// y of x, scale and offset; no gradient flows to the moving statistics.
OpCall normalized(BatchNorm f, const FusedBatchNormArgs& args) {
  return [f, args](const Tensor& x, const Tensor& scale, const Tensor& offset) {
    const Tensor mean = arbitrary({x.dtype(), Shape({x.shape()[-1]})}, 4);
    std::vector<Tensor> variance = converted({around(2, mean.shape(), 5)}, x.dtype());
    return f(x, scale, offset, mean, variance[0], args).y;
  };
}

OpCall batch_norm(const FusedBatchNormArgs& args = {}) {
  return normalized(nn::fused_batch_norm, args);
}

OpCall batch_norm_relu(const FusedBatchNormArgs& args = {}) {
  return normalized(nn::fused_batch_norm_relu, args);
}

OpCall statistics(const FusedBatchNormArgs& args) {
  return [args](const Tensor& x, const Tensor& mean, const Tensor& variance) {
    const Tensor scale = some({x.shape()[-1]}, 8);
    const auto result = nn::fused_batch_norm(x, scale, scale, mean, variance, args);
    return std::pair(result.batch_mean, result.batch_variance);
  };
}

std::vector<Tensor> inputs_of(const Shape& x) {
  const Shape channels({x[-1]});
  return {some(x, 1), some(channels, 2), some(channels, 3)};
}

std::vector<OpCase> common_cases(OpCall (*call)(const FusedBatchNormArgs&)) {
  std::vector<OpCase> cases;
  for (const bool training : {true, false}) {
    for (const Shape& shape : {Shape({2, 3, 2, 3}), Shape({2, 2, 2, 70}), Shape({1, 2, 1, 2, 5})}) {
      cases.push_back({.name = text(training ? "training_" : "inference_", cases.size()),
                       .inputs = inputs_of(shape),
                       .call = call({.is_training = training})});
    }
    cases.push_back({.name = training ? "empty_training" : "empty_inference",
                     .inputs = inputs_of({0, 3, 3, 2}),
                     .call = call({.is_training = training})});
    cases.push_back({.name = training ? "no_channels_training" : "no_channels_inference",
                     .inputs = inputs_of({2, 3, 3, 0}),
                     .call = call({.is_training = training})});
  }
  return cases;
}

struct Bad {
  const char* name;
  Shape x;
  Shape vector;
  Shape mean;
  FusedBatchNormArgs args;
  const char* error;
};

std::vector<OpCase> cases() {
  std::vector<OpCase> all = common_cases(batch_norm);
  const Tensor column = Tensor::from_vector<float>({1, 2, 3, 6}, {4, 1, 1, 1});
  all.push_back({.name = "statistics_of_the_batch",
                 .inputs = {column, constant({0.0}), constant({0.0})},
                 .call = statistics({}),
                 .outputs = {constant({3.0}), constant({14.0 / 3.0})},
                 .gradient = GradientCheck::kNone});
  all.push_back({.name = "moving_statistics",
                 .inputs = {column, constant({10.0}), constant({20.0})},
                 .call = statistics({.exponential_avg_factor = 0.25F}),
                 .outputs = {constant({8.25}), constant({15.0 + 3.5 / 3.0})},
                 .gradient = GradientCheck::kNone});
  all.push_back({.name = "statistics_in_inference",
                 .inputs = {column, constant({10.0}), constant({20.0})},
                 .call = statistics({.is_training = false}),
                 .outputs = {constant({10.0}), constant({20.0})},
                 .gradient = GradientCheck::kNone});
  all.push_back(
      {.name = "statistics_of_one_element",
       .inputs = {Tensor::from_vector<float>({7}, {1, 1, 1, 1}), constant({0.0}), constant({0.0})},
       .call = statistics({}),
       .outputs = {constant({7.0}), constant({0.0})},
       .gradient = GradientCheck::kNone});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  all.push_back({.name = "statistics_of_nothing",
                 .inputs = {some({0, 1, 1, 1}, 1), constant({0.0}), constant({1.0})},
                 .call = statistics({}),
                 .outputs = {constant({nan}), constant({nan})},
                 .gradient = GradientCheck::kNone});
  const std::vector<Bad> bad{
      {"rank", {2, 3, 2}, {2}, {2}, {}, "FusedBatchNormV3: x must be 4-dimensional"},
      {"scale", {2, 3, 3, 3}, {2}, {2}, {}, "as many elements as x has channels, got [2]"},
      {"mean", {2, 3, 3, 2}, {2}, {3}, {}, "as many elements as x has channels, got [3]"},
      {"no_mean", {2, 3, 3, 2}, {2}, {0}, {.is_training = false}, "got [0] and [2,3,3,2]"},
      {"no_average",
       {2, 3, 3, 2},
       {2},
       {0},
       {.exponential_avg_factor = 0.5F},
       "mean and variance must be given for exponential_avg_factor 0.5"}};
  for (const Bad& each : bad) {
    const Tensor vector = some(each.vector, 2);
    const Tensor mean = some(each.mean, 4);
    all.push_back({.name = text("bad_", each.name),
                   .inputs = {some(each.x, 1), vector, mean},
                   .call =
                       [args = each.args](const Tensor& x, const Tensor& v, const Tensor& m) {
                         return nn::fused_batch_norm(x, v, v, m, m, args).y;
                       },
                   .error = {"InvalidArgumentError", each.error}});
  }
  all.push_back({.name = "channels_first",
                 .inputs = inputs_of({2, 3, 3, 3}),
                 .call = batch_norm({.data_format = DataFormat::kNCHW}),
                 .error = {"UnimplementedError", "no kernel for NCHW"},
                 .cpu_only = true});  // GPUs have one
  return all;
}

KEEN_OP_CASES("FusedBatchNormV3", (cases()));
KEEN_OP_CASES("_FusedBatchNormEx", (common_cases(batch_norm_relu)));

// Second gradients: of dx with respect to everything, and of dscale.
std::vector<OpCase> gradient_cases(OpCall (*call)(const FusedBatchNormArgs&)) {
  std::vector<OpCase> all;
  for (const bool training : {true, false}) {
    for (const std::size_t i : {0, 1}) {
      all.push_back({.name = text(training ? "training_" : "inference_", i),
                     .inputs = inputs_of({2, 3, 2, 2}),
                     .call = tape_gradient(call({.is_training = training}), i)});
    }
  }
  return all;
}

std::vector<OpCase> plain_gradient_cases() {
  std::vector<OpCase> all = gradient_cases(batch_norm);
  all.push_back({.name = "third_gradient",
                 .inputs = inputs_of({1, 2, 2, 1}),
                 .call = tape_gradient(tape_gradient(batch_norm({}), 0), 0)});
  all.push_back(
      {.name = "shape_of_the_gradient",
       .inputs = {some({2, 2, 2, 2}, 1), some({1, 2, 2, 2}, 2), some({2}, 3)},
       .call = [](const Tensor& dy, const Tensor& x, const Tensor& v) -> Tensor {
         return op::execute(op::kFusedBatchNormGradV3, {dy, x, v, v, v}, FusedBatchNormArgs());
       },
       .error = {"InvalidArgumentError", "y_backprop and x must have the same shape"}});
  return all;
}

KEEN_OP_CASES("FusedBatchNormGradV3", (plain_gradient_cases()));
KEEN_OP_CASES("_FusedBatchNormGradEx", (gradient_cases(batch_norm_relu)));

struct Moments {
  std::vector<double> mean;
  std::vector<double> variance;
};

Moments moments_of(const std::vector<double>& x, std::size_t channels) {
  const std::size_t rows = x.size() / channels;
  Moments all{std::vector<double>(channels), std::vector<double>(channels)};
  for (std::size_t i = 0; i < x.size(); ++i) {
    all.mean[i % channels] += x[i] / static_cast<double>(rows);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double centred = x[i] - all.mean[i % channels];
    all.variance[i % channels] += centred * centred / static_cast<double>(rows);
  }
  return all;
}

TEST(batch_norm, moments_of_all_widths) {
  auto& device = device::context(cpu());
  for (const std::int64_t channels : {1, 2, 10, 31, 32, 64, 65, 300}) {
    for (const std::int64_t rows : {1, 5, 60, 3001}) {
      SCOPED_TRACE(testing::Message() << rows << "x" << channels);
      const Tensor x = around(100, {rows, channels}, 5);
      const auto values = x.to_vector<float>();
      const auto expected =
          moments_of({values.begin(), values.end()}, static_cast<std::size_t>(channels));
      std::vector<float> mean(static_cast<std::size_t>(channels));
      std::vector<float> variance(mean.size());
      detail::batch_moments(device, {rows, channels}, x.data<float>().data(), mean.data(),
                            variance.data());
      for (std::size_t c = 0; c < mean.size(); ++c) {
        EXPECT_NEAR(static_cast<double>(mean[c]), expected.mean[c], 3e-5);
        // A mean a hundred times the deviation costs no digits.
        EXPECT_NEAR(static_cast<double>(variance[c]), expected.variance[c],
                    1e-6 + 1e-4 * expected.variance[c]);
      }
    }
  }
}

TEST(batch_norm, rectified_equals_rectified_afterwards) {
  const auto inputs = inputs_of({4, 9, 9, 32});
  auto expected = batch_norm()(inputs)[0].to_vector<float>();
  for (float& value : expected) value = std::max(value, 0.0F);
  EXPECT_EQ(batch_norm_relu()(inputs)[0].to_vector<float>(), expected);
}

TEST(batch_norm, any_number_of_threads_gives_the_same_bits) {
  const int before = config::threading::get_intra_op_parallelism_threads();
  const auto inputs = inputs_of({16, 20, 20, 32});
  std::vector<Tensor> first;
  for (const int threads : {2, 4, 6}) {
    config::threading::set_intra_op_parallelism_threads(threads);
    const std::vector<Tensor> results{batch_norm()(inputs)[0],
                                      tape_gradient(batch_norm(), 0)(inputs)[0]};
    if (first.empty()) first = results;
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(exact_difference("result", results[i], first[i]), "");
    }
  }
  config::threading::set_intra_op_parallelism_threads(before);
}

}  // namespace
}  // namespace keen::test
