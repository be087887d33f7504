#include "runtime/tensor/variable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace {

// Where a variable keeps its elements.
const void* address(const Variable& variable) { return variable.impl().buffer->data(); }

TEST(Variable, Assigns) {
  const Variable v(constant({1.0F, 2.0F}), {.name = "v"});
  EXPECT_EQ(v.name(), "v:0");
  v.assign(constant({3.0F, 4.0F}));
  v.assign_add(constant({1.0F, 1.0F})).assign_sub(constant({0.0F, 2.0F}));
  EXPECT_EQ(v.value().to_vector<float>(), (std::vector<float>{4.0F, 3.0F}));
}

TEST(Variable, WritesInPlaceWhenNobodyElseHoldsTheElements) {
  const Variable v(fill({100}, 1.0));
  v.assign_add(fill({100}, 1.0));
  const void* before = address(v);
  v.assign_add(fill({100}, 1.0));
  EXPECT_EQ(address(v), before);
  EXPECT_EQ(v.value().to_vector<float>()[99], 3.0F);
}

TEST(Variable, NeverChangesAReadThatWasHandedOut) {
  const Variable v(constant({1.0F, 2.0F}));
  const Tensor before = v.value();
  v.assign_add(constant({10.0F, 10.0F}));
  const Tensor between = v;
  v.assign_sub(constant({1.0F, 1.0F}));
  EXPECT_EQ(before.to_vector<float>(), (std::vector<float>{1.0F, 2.0F}));
  EXPECT_EQ(between.to_vector<float>(), (std::vector<float>{11.0F, 12.0F}));
  EXPECT_EQ(v.value().to_vector<float>(), (std::vector<float>{10.0F, 11.0F}));
}

TEST(Variable, DoesNotShareItsInitialValueForever) {
  const Tensor initial = constant({1.0F});
  const Variable a(initial);
  const Variable b(initial);
  a.assign_add(initial);
  EXPECT_EQ(initial.item<float>(), 1.0F);
  EXPECT_EQ(b.value().item<float>(), 1.0F);
}

TEST(Variable, IsUpdatedInPlaceAfterATapeHasLetGo) {
  const Variable v(fill({64}, 2.0));
  v.assign_sub(fill({64}, 1.0));
  const void* before = address(v);
  GradientTape tape;
  Tensor loss = identity(v);
  const Tensor gradient = tape.gradient(loss, v);
  loss = Tensor();
  v.assign_sub(gradient);
  EXPECT_EQ(address(v), before) << "the tape still holds the elements that it read";
}

TEST(Variable, NamesWhatDoesNotFit) {
  const Variable v(constant({1.0F, 2.0F}), {.name = "w"});
  try {
    v.assign(constant({1.0F}));
    FAIL();
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(),
                 "Cannot assign value to variable 'w:0': Shape mismatch.The variable shape (2,), "
                 "and the assigned value shape (1,) are incompatible.");
  }
  EXPECT_THROW(v.assign_add(constant({1, 2})), InvalidArgumentError);
  EXPECT_THROW(Variable(Tensor(), {.name = "x"}), ValueError);
  EXPECT_THROW(static_cast<void>(Variable().value()), ValueError);
}

TEST(Variable, TakesTheNameScope) {
  Context::current().set_name_scope("outer/");
  const Variable v(constant(1.0F), {.name = "v"});
  Context::current().set_name_scope("");
  EXPECT_EQ(v.name(), "outer/v:0");
}

TEST(Variable, MakesItsInitialValueOutsideOfTapes) {
  GradientTape tape;
  const Tensor x = constant(2.0F);
  tape.watch(x);
  const Variable v([&] { return identity(x); });
  EXPECT_FALSE(tape.gradient(v.value(), x).defined());
}

TEST(Variable, ReadsAreWholeWhileAnotherThreadWrites) {
  const Variable v(fill({1000}, 0.0));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const Tensor one = fill({1000}, 1.0);
    for (int i = 0; i < 2000; ++i) v.assign_add(one);
    stop = true;
  });
  int torn = 0;
  do {
    const std::vector<float> seen = v.value().to_vector<float>();
    for (const float each : seen) torn += each != seen[0];
  } while (!stop);
  writer.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(v.value().to_vector<float>()[0], 2000.0F);
}

}  // namespace
}  // namespace keen
