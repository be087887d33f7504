#include "kernels/optimizers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "runtime/op/core_ops.h"
#include "tests/support/op_case.h"

namespace keen::test {
namespace {

Variable one_and_two() { return Variable(constant({1.0, 2.0})); }
Variable number(double value) { return Variable(constant(value)); }

std::vector<Tensor> read(const std::vector<Variable>& variables) {
  std::vector<Tensor> values;
  for (const Variable& variable : variables) values.push_back(identity(variable));
  return values;
}

KEEN_OP_CASES(
    "_ApplyGradientDescent",
    {{.name = "two_variables",
      .inputs = {constant(0.5), constant({2.0, -4.0}), constant(8.0)},
      .call =
          [v = std::vector<Variable>{one_and_two(), number(3)}](const std::vector<Tensor>& in) {
            v[0].assign(constant({1.0, 2.0}));
            v[1].assign(constant(3.0));
            train::apply_gradient_descent(v, in[0], std::vector<Tensor>{in[1], in[2]});
            return read(v);
          },
      .outputs = {constant({0.0, 4.0}), constant(-1.0)},
      .tolerance = kExact,
      .gradient = GradientCheck::kNone},
     {.name = "empty",
      .inputs = {constant(0.5), Tensor::from_vector(std::vector<float>(), {0})},
      .call =
          [v = std::vector<Variable>{Variable(Tensor::from_vector(std::vector<float>(), {0}))}](
              const Tensor& lr, const Tensor& g) {
            train::apply_gradient_descent(v, lr, std::vector<Tensor>{g});
            return read(v);
          },
      .outputs = {Tensor::from_vector(std::vector<float>(), {0})},
      .gradient = GradientCheck::kNone},
     {.name = "wrong_shape",
      .inputs = {constant(0.5), constant({2.0, -4.0, 1.0})},
      .call =
          [v = std::vector<Variable>{one_and_two()}](const Tensor& lr, const Tensor& g) {
            train::apply_gradient_descent(v, lr, std::vector<Tensor>{g});
            return lr;
          },
      .error = {"InvalidArgumentError", "_ApplyGradientDescent: variable 'Variable:0' is"}},
     {.name = "given_twice",
      .inputs = {constant(0.5), constant({2.0, -4.0})},
      .call =
          [v = one_and_two()](const Tensor& lr, const Tensor& g) {
            train::apply_gradient_descent(std::vector{v, v}, lr, std::vector<Tensor>{g, g});
            return lr;
          },
      .error = {"InvalidArgumentError", "is given twice"}},
     {.name = "count",
      .inputs = {constant(0.5), constant({2.0, -4.0})},
      .call =
          [v = one_and_two()](const Tensor& lr, const Tensor& g) {
            train::apply_gradient_descent(std::vector{v}, lr, std::vector<Tensor>{g, g});
            return lr;
          },
      .error = {"InvalidArgumentError", "2 gradients need 2 variables, got 1"}},
     {.name = "rate_is_no_scalar",
      .inputs = {constant({0.5}), constant({2.0, -4.0})},
      .call =
          [v = one_and_two()](const Tensor& lr, const Tensor& g) {
            train::apply_gradient_descent(std::vector{v}, lr, std::vector<Tensor>{g});
            return lr;
          },
      .error = {"InvalidArgumentError", "lr is not a scalar: [1]"}}});

OpCase momentum_case(const char* name, bool nesterov, int steps, const Tensor& var,
                     const Tensor& accum) {
  const std::vector<Variable> v = {one_and_two(), one_and_two()};
  return {.name = name,
          .inputs = {constant(0.25), constant({4.0, -8.0})},
          .call =
              [=](const Tensor& lr, const Tensor& g) {
                v[0].assign(constant({1.0, 2.0}));
                v[1].assign(constant({0.0, 0.0}));
                for (int i = 0; i < steps; ++i) {
                  train::apply_momentum(v, lr, std::vector<Tensor>{g},
                                        {.momentum = 0.5, .use_nesterov = nesterov});
                }
                return read(v);
              },
          .outputs = {var, accum},
          .tolerance = kExact,
          .gradient = GradientCheck::kNone};
}

KEEN_OP_CASES("_ApplyMomentum",
              {momentum_case("one_step", false, 1, constant({0.0, 4.0}), constant({4.0, -8.0})),
               momentum_case("two_steps", false, 2, constant({-1.5, 7.0}), constant({6.0, -12.0})),
               momentum_case("nesterov", true, 1, constant({-0.5, 5.0}), constant({4.0, -8.0}))});

KEEN_OP_CASES("_ApplyAdam",
              {{.name = "one_step",
                .inputs = {constant(0.25), constant({1.0, -2.0})},
                .call =
                    [v = std::vector<Variable>{number(0), number(0), one_and_two(), one_and_two(),
                                               one_and_two()}](const Tensor& lr, const Tensor& g) {
                      v[0].assign(constant(0.5));
                      v[1].assign(constant(0.75));
                      v[2].assign(constant({1.0, 2.0}));
                      v[3].assign(constant({0.0, 0.0}));
                      v[4].assign(constant({0.0, 0.0}));
                      train::apply_adam(v, lr, std::vector<Tensor>{g},
                                        {.beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.0});
                      return read(v);
                    },
                .outputs = {constant(0.25), constant(0.5625), constant({0.75, 2.25}),
                            constant({0.5, -1.0}), constant({0.25, 1.0})},
                .tolerance = kExact,
                .gradient = GradientCheck::kNone}});

const void* elements_of(const Variable& variable) { return variable.impl().buffer->data(); }

TEST(optimizer_updates, happen_in_place_where_nobody_shares_the_elements) {
  const Variable var = one_and_two();
  const Variable accum = one_and_two();
  const std::vector<Variable> variables = {var, accum};
  const std::vector<Tensor> gradients = {constant({1.0, 1.0})};
  const void* before = elements_of(var);
  const void* slot_before = elements_of(accum);
  train::apply_momentum(variables, constant(0.5), gradients, {.momentum = 0.5});
  EXPECT_EQ(elements_of(var), before);
  EXPECT_EQ(elements_of(accum), slot_before);
  const Tensor held = var.value();
  const std::vector<float> value = held.to_vector<float>();
  train::apply_momentum(variables, constant(0.5), gradients, {.momentum = 0.5});
  EXPECT_NE(elements_of(var), before);
  EXPECT_EQ(held.to_vector<float>(), value);
  EXPECT_NE(var.value().to_vector<float>(), value);
}

TEST(optimizer_updates, give_the_same_bits_over_many_elements) {
  // Enough for several threads, and in variables that their parts cut through.
  constexpr std::int64_t kSize = 100000;
  std::vector<float> g(kSize);
  for (std::int64_t i = 0; i < kSize; ++i) g[static_cast<std::size_t>(i)] = 0.001F * float(i % 77);
  const std::vector<Tensor> gradients = {constant(g), constant(g)};
  const auto zeros = [] { return Variable(fill({kSize}, 0.0)); };
  const std::vector<Variable> v = {number(0.9), number(0.999), zeros(), zeros(),
                                   zeros(),     zeros(),       zeros(), zeros()};
  train::apply_adam(v, constant(0.001), gradients, {});
  const float alpha = 0.001F * std::sqrt(1 - 0.999F) / (1 - 0.9F);
  const std::vector<float> first = v[2].value().to_vector<float>();
  EXPECT_EQ(first, v[5].value().to_vector<float>());
  for (std::size_t i = 0; i < g.size(); i += 997) {
    float m = 0;
    float s = 0;
    m += (g[i] - m) * (1 - 0.9F);
    s += (g[i] * g[i] - s) * (1 - 0.999F);
    EXPECT_EQ(first[i], 0 - m * alpha / (std::sqrt(s) + 1e-8F)) << i;
  }
}

}  // namespace
}  // namespace keen::test
