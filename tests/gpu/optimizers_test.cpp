// Optimizers beside the CPU, bit for bit: sizes that are whole vectors and such that are not, no
// elements, several chunks, gradients for one launch and for two.
#include "kernels/optimizers.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/reshape.h"
#include "runtime/base/text.h"
#include "runtime/device/device_context.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using Apply =
    std::function<void(const std::vector<Variable>&, const Tensor&, const std::vector<Tensor>&)>;

struct Optimizer {
  const char* name;
  int scalars;  // variables before those of the gradients
  int each;     // variables of a gradient
  Apply apply;
};

std::vector<Optimizer> optimizers() {
  return {{"gradient descent", 0, 1,
           [](const auto& v, const Tensor& rate, const auto& g) {
             train::apply_gradient_descent(v, rate, g);
           }},
          {"momentum", 0, 2,
           [](const auto& v, const Tensor& rate, const auto& g) {
             train::apply_momentum(v, rate, g, {.momentum = 0.9});
           }},
          {"Nesterov's momentum", 0, 2,
           [](const auto& v, const Tensor& rate, const auto& g) {
             train::apply_momentum(v, rate, g, {.momentum = 0.9, .use_nesterov = true});
           }},
          {"Adam", 2, 3, [](const auto& v, const Tensor& rate, const auto& g) {
             train::apply_adam(v, rate, g, {});
           }}};
}

std::vector<Shape> many(int count) {
  std::vector<Shape> shapes;
  for (int i = 0; i < count; ++i) shapes.push_back(Shape({1 + i % 7}));
  return shapes;
}

// The variables after two steps. Those of one shape begin with the same numbers, which they share
// until the first step: the simulator is slow where thousands of blocks come and go.
std::vector<Tensor> train(const Optimizer& optimizer, const std::vector<Shape>& shapes,
                          DType dtype) {
  std::map<std::int64_t, std::pair<Tensor, Tensor>> numbers;  // by size: a variable's, a gradient's
  std::vector<Variable> variables;
  std::vector<Tensor> gradients;
  for (int i = 0; i < optimizer.scalars; ++i) {
    variables.emplace_back(fill({}, i == 0 ? 0.9 : 0.999, dtype));
  }
  for (const Shape& shape : shapes) {
    auto& [start, gradient] = numbers[shape.num_elements()];
    if (!start.defined()) {
      // What Adam takes the root of must not be negative.
      start = square(arbitrary({dtype, shape}, 1));
      gradient = arbitrary({dtype, shape}, 2);
    }
    for (int i = 0; i < optimizer.each; ++i) variables.emplace_back(reshape(start, shape));
    gradients.push_back(reshape(gradient, shape));
  }
  const Tensor rate = fill({}, 0.01, dtype);
  for (int step = 0; step < 2; ++step) optimizer.apply(variables, rate, gradients);
  std::vector<Tensor> values;
  for (const Variable& variable : variables) values.push_back(variable.value());
  device::context(rate.device()).synchronize();
  return values;
}

void compare_all(const std::vector<Shape>& shapes) {
  for (const Optimizer& optimizer : optimizers()) {
    for (const DType dtype : {float32, float64}) {
      expect_as_cpu(
          text(optimizer.name, " of ", shapes.size(), " gradients of ", dtype),
          [&](const std::vector<Tensor>&) { return train(optimizer, shapes, dtype); }, {}, kExact);
    }
  }
}

TEST(gpu_optimizers, few_gradients_as_the_cpu) {
  compare_all({Shape({5}), Shape({64, 33}), Shape({0}), Shape(), Shape({4096}), Shape({9001})});
}

TEST(gpu_optimizers, many_gradients_as_the_cpu) { compare_all(many(70)); }

TEST(gpu_optimizers, more_gradients_than_a_launch_takes) { compare_all(many(702)); }

TEST(gpu_optimizers, adam_without_gradients_moves_its_powers_on) {
  const auto values =
      run_on(gpu(), [](const auto&) { return train(optimizers().back(), {}, float32); }, {});
  EXPECT_EQ(values[0].to_vector<float>()[0], 0.9F * 0.9F * 0.9F);
}

TEST(gpu_optimizers, one_launch) {
  const DeviceScope scope(gpu());
  const Optimizer adam = optimizers().back();
  std::vector<Variable> variables;
  std::vector<Tensor> gradients;
  for (int i = 0; i < 2 + 3 * 100; ++i) variables.emplace_back(fill({i < 2 ? 1 : 10}, 0.5));
  variables[0] = Variable(fill({}, 0.5));
  variables[1] = Variable(fill({}, 0.5));
  for (int i = 0; i < 100; ++i) gradients.push_back(fill({10}, 0.5));
  const Tensor rate = fill({}, 0.01);
  const device::Ledger ledger(gpu());
  adam.apply(variables, rate, gradients);
  EXPECT_EQ(ledger.counts()[device::Count::kLaunches], 1);
}

}  // namespace
}  // namespace keen::test
