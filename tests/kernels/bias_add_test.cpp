#include "kernels/bias_add.h"

#include <gtest/gtest.h>

#include "runtime/op/execute.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

Tensor some(const Shape& shape, std::uint64_t seed) { return arbitrary({float32, shape}, seed); }

Tensor cube(const std::vector<float>& values) { return Tensor::from_vector(values, {1, 3, 2}); }

OpCall add_bias(DataFormat format = DataFormat::kNHWC) {
  return [format](const Tensor& value, const Tensor& bias) {
    return nn::bias_add(value, bias, {.data_format = format});
  };
}

OpCall sums(DataFormat format = DataFormat::kNHWC) {
  return [format](const Tensor& x) -> Tensor {
    return op::execute(op::kBiasAddGrad, {x}, BiasAddArgs{.data_format = format});
  };
}

KEEN_OP_CASES(
    "BiasAdd",
    {{.name = "last_dimension",
      .inputs = {cube({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}), constant({10.0, 20.0})},
      .call = add_bias(),
      .outputs = {cube({11.0, 22.0, 13.0, 24.0, 15.0, 26.0})}},
     {.name = "second_dimension",
      .inputs = {cube({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}), constant({10.0, 20.0, 30.0})},
      .call = add_bias(DataFormat::kNCHW),
      .outputs = {cube({11.0, 12.0, 23.0, 24.0, 35.0, 36.0})}},
     {.name = "empty_batch", .inputs = {some({0, 3}, 1), some({3}, 2)}, .call = add_bias()},
     {.name = "size_that_does_not_fit",
      .inputs = {some({2, 3}, 1), some({4}, 2)},
      .call = add_bias(),
      .error = {"InvalidArgumentError",
                "BiasAdd: Must provide as many biases as the last dimension of the input tensor: "
                "[4] vs. [2,3]"}},
     {.name = "vector",
      .inputs = {some({3}, 1), some({3}, 2)},
      .call = add_bias(),
      .error = {"InvalidArgumentError", "BiasAdd: Input tensor must be at least 2D: [3]"}},
     {.name = "matrix_of_biases",
      .inputs = {some({2, 3}, 1), some({3, 1}, 2)},
      .call = add_bias(),
      .error = {"InvalidArgumentError", "BiasAdd: Biases must be 1D: [3,1]"}}});

KEEN_OP_CASES(
    "BiasAddGrad",
    {{.name = "last_dimension", .inputs = {some({2, 3, 4}, 1)}, .call = sums()},
     {.name = "second_dimension", .inputs = {some({2, 3, 4}, 1)}, .call = sums(DataFormat::kNCHW)},
     {.name = "wide", .inputs = {some({3, 100}, 1)}, .call = sums()},
     {.name = "empty_batch",
      .inputs = {some({0, 2}, 1)},
      .call = sums(),
      .outputs = {constant({0.0, 0.0})}}});

TEST(bias_add, sums_of_all_widths) {
  for (const std::int64_t channels : {1, 3, 8, 31, 64, 65, 200}) {
    for (const std::int64_t rows : {1, 7, 600, 20000}) {
      const Tensor x = some({rows, channels}, 3);
      const auto values = x.to_vector<float>();
      std::vector<double> expected(static_cast<std::size_t>(channels));
      for (std::size_t i = 0; i < values.size(); ++i) {
        expected[i % expected.size()] += static_cast<double>(values[i]);
      }
      const auto actual = sums()({x})[0].to_vector<float>();
      for (std::size_t c = 0; c < expected.size(); ++c) {
        EXPECT_NEAR(static_cast<double>(actual[c]), expected[c], 1e-3) << rows << "x" << channels;
      }
    }
  }
}

}  // namespace
}  // namespace keen::test
