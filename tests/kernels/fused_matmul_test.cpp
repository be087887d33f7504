#include "kernels/fused_matmul.h"

#include <gtest/gtest.h>

#include "kernels/activations.h"
#include "kernels/bias_add.h"
#include "kernels/matmul.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

Tensor some(const Shape& shape, std::uint64_t seed, DType dtype = float32) {
  return arbitrary({dtype, shape}, seed);
}

Tensor with_bias(const Tensor& a, const Tensor& b, const Tensor& bias) {
  return op::matmul_bias(a, b, bias);
}
Tensor with_relu(const Tensor& a, const Tensor& b, const Tensor& bias) {
  return op::matmul_bias_relu(a, b, bias);
}

// What three ops give, bit for bit on CPUs.
Tensor piece_by_piece(const Tensor& a, const Tensor& b, const Tensor& bias) {
  return nn::bias_add(matmul(a, b), bias);
}

KEEN_OP_CASES("_MatMulBias",
              {{.name = "plain",
                .inputs = {constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}),
                           constant({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}), constant({0.5, -30.0})},
                .call = with_bias,
                .outputs = {constant({{22.5, -2.0}, {49.5, 34.0}})}},
               {.name = "layer",
                .inputs = {some({8, 32}, 1), some({32, 10}, 2), some({10}, 3)},
                .call = with_bias,
                .outputs = {piece_by_piece(some({8, 32}, 1), some({32, 10}, 2), some({10}, 3))}},
               {.name = "of_float64",
                .inputs = {some({3, 5}, 1, float64), some({5, 7}, 2, float64),
                           some({7}, 3, float64)},
                .call = with_bias,
                .outputs = {piece_by_piece(some({3, 5}, 1, float64), some({5, 7}, 2, float64),
                                           some({7}, 3, float64))}},
               {.name = "inner_dimension_of_zero",
                .inputs = {some({2, 0}, 1), some({0, 3}, 2), constant({1.0, 2.0, 3.0})},
                .call = with_bias,
                .outputs = {constant({{1.0, 2.0, 3.0}, {1.0, 2.0, 3.0}})}},
               {.name = "no_rows",
                .inputs = {some({0, 3}, 1), some({3, 4}, 2), some({4}, 3)},
                .call = with_bias,
                .outputs = {fill({0, 4}, 0.0)}},
               {.name = "no_columns",
                .inputs = {some({2, 3}, 1), some({3, 0}, 2), some({0}, 3)},
                .call = with_bias,
                .outputs = {fill({2, 0}, 0.0)}},
               {.name = "sizes_that_do_not_fit",
                .inputs = {some({2, 3}, 1), some({4, 5}, 2), some({5}, 3)},
                .call = with_bias,
                .error = {"InvalidArgumentError",
                          "_MatMulBias: sizes don't fit: In[0]: [2,3], In[1]: [4,5], In[2]: [5]"}},
               {.name = "too_few_biases",
                .inputs = {some({2, 3}, 1), some({3, 5}, 2), some({4}, 3)},
                .call = with_bias,
                .error = {"InvalidArgumentError", "sizes don't fit"}},
               {.name = "batch",
                .inputs = {some({1, 2, 3}, 1), some({3, 5}, 2), some({5}, 3)},
                .call = with_bias,
                .error = {"InvalidArgumentError", "In[0] must have rank 2, got [1,2,3]"}}});

KEEN_OP_CASES(
    "_MatMulBiasRelu",
    {{.name = "plain",
      .inputs = {constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}),
                 constant({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}), constant({0.5, -30.0})},
      .call = with_relu,
      .outputs = {constant({{22.5, 0.0}, {49.5, 34.0}})}},
     {.name = "layer",
      .inputs = {some({8, 32}, 1), some({32, 10}, 2), some({10}, 3)},
      .call = with_relu,
      .outputs = {nn::relu(piece_by_piece(some({8, 32}, 1), some({32, 10}, 2), some({10}, 3)))}},
     {.name = "inner_dimension_of_zero",
      .inputs = {some({2, 0}, 1), some({0, 2}, 2), constant({-1.0, 2.0})},
      .call = with_relu,
      .outputs = {constant({{0.0, 2.0}, {0.0, 2.0}})}}});

OpCall gradients(int output) {
  return [output](const Tensor& a, const Tensor& dy) {
    return op::execute(op::kMatMulBiasGrad, {a, dy})[output];
  };
}

KEEN_OP_CASES("_MatMulBiasGrad",
              {{.name = "of_the_matrix",
                .inputs = {some({6, 4}, 1), some({6, 5}, 2)},
                .call = gradients(0),
                .outputs = {matmul(some({6, 4}, 1), some({6, 5}, 2), {.transpose_a = true})}},
               {.name = "of_the_bias",
                .inputs = {constant({{1.0}, {1.0}}, {.dtype = float64}),
                           constant({{1.0, 2.0}, {3.0, -4.0}}, {.dtype = float64})},
                .call = gradients(1),
                .outputs = {constant({4.0, -2.0}, {.dtype = float64})}},
               {.name = "no_rows",
                .inputs = {some({0, 4}, 1), some({0, 2}, 2)},
                .call = gradients(1),
                .outputs = {fill({2}, 0.0)}},
               {.name = "no_columns_of_a",
                .inputs = {some({2, 0}, 1), constant({{1.0, 2.0}, {3.0, -4.0}})},
                .call = gradients(1),
                .outputs = {constant({4.0, -2.0})}},
               {.name = "no_columns",
                .inputs = {some({2, 3}, 1), some({2, 0}, 2)},
                .call = gradients(0),
                .outputs = {fill({3, 0}, 0.0)}},
               {.name = "rows_that_do_not_fit",
                .inputs = {some({2, 3}, 1), some({4, 2}, 2)},
                .call = gradients(0),
                .error = {"InvalidArgumentError", "sizes don't fit"}}});

}  // namespace
}  // namespace keen::test
