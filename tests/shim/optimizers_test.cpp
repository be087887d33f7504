// TF1's optimizers around the update ops; values are in the golden cases.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/tensor/constant.h"
#include "runtime/trace/function.h"
#include "shim/compat/v1/train/adam.h"
#include "shim/compat/v1/train/gradient_descent.h"
#include "shim/compat/v1/train/momentum.h"
#include "shim/keras/backend.h"

namespace keen {
namespace {

namespace train = compat::v1::train;

class ShimOptimizers : public testing::Test {
 protected:
  ShimOptimizers() { keras::backend::clear_session(); }
  const Variable w_{constant({1.0, 2.0}), {.name = "w"}};
  const Variable b_{constant(3.0), {.name = "b"}};
};

TEST_F(ShimOptimizers, slots_have_tensorflows_names) {
  train::AdamOptimizer adam(0.5);
  EXPECT_TRUE(adam.get_slot_names().empty());
  adam.apply_gradients({{constant({1.0, 1.0}), w_}, {constant(1.0), b_}});
  std::vector<std::string> names;
  for (const Variable& variable : adam.variables()) names.push_back(variable.name());
  EXPECT_EQ(names, (std::vector<std::string>{"b/Adam:0", "b/Adam_1:0", "beta1_power:0",
                                             "beta2_power:0", "w/Adam:0", "w/Adam_1:0"}));
  EXPECT_EQ(adam.get_slot_names(), (std::vector<std::string>{"m", "v"}));
  EXPECT_EQ(adam.get_slot(w_, "m").name(), "w/Adam:0");
  EXPECT_EQ(adam.get_slot(w_, "v").name(), "w/Adam_1:0");
  EXPECT_FALSE(adam.get_slot(w_, "momentum").defined());
}

TEST_F(ShimOptimizers, minimize_watches_what_the_loss_reads) {
  train::GradientDescentOptimizer descent(0.5);
  const Variable step(constant(std::int64_t{7}), {.trainable = false, .name = "global_step"});
  descent.minimize([&] { return reduce_sum(w_ * w_) + b_; }, std::nullopt, step);
  EXPECT_EQ(w_.value().to_vector<float>(), (std::vector<float>{0, 0}));
  EXPECT_EQ(b_.value().item<float>(), 2.5F);
  EXPECT_EQ(step.value().item<std::int64_t>(), 8);
  descent.minimize([&] { return reduce_sum(w_ * w_) + b_; }, {{b_}});
  EXPECT_EQ(b_.value().item<float>(), 2.0F);
}

TEST_F(ShimOptimizers, variables_without_a_gradient_stay) {
  train::MomentumOptimizer momentum(0.5, 0.9);
  momentum.apply_gradients({{Tensor(), w_}, {constant(1.0), b_}});
  EXPECT_EQ(w_.value().to_vector<float>(), (std::vector<float>{1, 2}));
  EXPECT_EQ(b_.value().item<float>(), 2.5F);
  EXPECT_FALSE(momentum.get_slot(w_, "momentum").defined());
  EXPECT_THROW(momentum.apply_gradients({{Tensor(), w_}}), ValueError);
  EXPECT_THROW(momentum.apply_gradients({constant(1.0)}, {w_, b_}), ValueError);
  EXPECT_THROW(momentum.apply_gradients({{constant(1.0), w_}}), InvalidArgumentError);
}

TEST_F(ShimOptimizers, learning_rates_are_numbers_variables_or_functions) {
  const Variable rate(constant(0.5), {.trainable = false});
  train::GradientDescentOptimizer by_variable(rate);
  by_variable.apply_gradients({{constant(1.0), b_}});
  rate.assign(constant(1.0));
  by_variable.apply_gradients({{constant(1.0), b_}});
  EXPECT_EQ(b_.value().item<float>(), 1.5F);
  train::GradientDescentOptimizer by_function([] { return constant(0.25); });
  by_function.apply_gradients({{constant(2.0), b_}});
  EXPECT_EQ(b_.value().item<float>(), 1.0F);
}

TEST_F(ShimOptimizers, a_traced_step_equals_an_eager_one) {
  train::AdamOptimizer eager(0.1);
  train::AdamOptimizer traced(0.1);
  const Variable other(constant({1.0, 2.0}), {.name = "other"});
  const auto step = [](train::AdamOptimizer& optimizer, const Variable& variable) {
    GradientTape tape;
    Tensor loss = reduce_sum(square(variable.value()));
    optimizer.apply_gradients({tape.gradient(loss, variable)}, {variable});
    return loss;
  };
  const auto compiled =
      function([&](const Tensor& x) -> Tensor { return x + step(traced, other); });
  for (int i = 0; i < 3; ++i) {
    const float loss = step(eager, w_).item<float>();
    EXPECT_EQ(compiled(constant(0.0)).item<float>(), loss);
  }
  EXPECT_EQ(other.value().to_vector<float>(), w_.value().to_vector<float>());
}

}  // namespace
}  // namespace keen
