#include "runtime/autodiff/tape.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "runtime/base/error.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace {

float value(const Tensor& tensor) { return tensor.item<float>(); }

TEST(GradientTape, WatchesTrainableVariables) {
  const Variable w(constant(3.0F));
  const Variable frozen(constant(2.0F), {.trainable = false});
  GradientTape tape;
  const Tensor loss = square(w) * frozen;
  const std::vector<Tensor> gradients = tape.gradient(loss, std::vector<Variable>{w, frozen});
  EXPECT_EQ(value(gradients[0]), 12.0F);
  EXPECT_FALSE(gradients[1].defined());
}

TEST(GradientTape, WatchesNothingUnlessAsked) {
  const Variable w(constant(3.0F));
  GradientTape tape({.watch_accessed_variables = false});
  EXPECT_FALSE(tape.gradient(square(w), w).defined());
  GradientTape asked({.watch_accessed_variables = false});
  asked.watch(w);
  EXPECT_EQ(value(asked.gradient(square(w), w)), 6.0F);
}

TEST(GradientTape, ListsVariablesInTheOrderOfTheirReads) {
  const Variable a(constant(1.0F), {.name = "a"});
  const Variable b(constant(1.0F), {.name = "b"});
  GradientTape tape;
  static_cast<void>(b * a + b);
  const std::vector<Variable> watched = tape.watched_variables();
  ASSERT_EQ(watched.size(), 2U);
  EXPECT_TRUE(watched[0].is(b) && watched[1].is(a));
}

TEST(GradientTape, SumsOverUsesAndReads) {
  const Variable w(constant(3.0F));
  const Tensor x = constant(2.0F);
  GradientTape tape;
  tape.watch(x);
  const Tensor first = w;
  const Tensor y = first * x + first * x + w * 10.0F + x;
  const std::array<Source, 2> sources{Source(w), Source(x)};
  const std::vector<Tensor> gradients = tape.gradient(y, sources);
  EXPECT_EQ(value(gradients[0]), 14.0F);
  EXPECT_EQ(value(gradients[1]), 7.0F);
}

TEST(GradientTape, TellsReadsBeforeAndAfterAnAssignmentApart) {
  const Variable w(constant(3.0F));
  GradientTape tape;
  const Tensor before = square(w);
  w.assign(constant(5.0F));
  const Tensor after = square(w);
  EXPECT_EQ(value(tape.gradient(before + after, w)), 2 * 3.0F + 2 * 5.0F);
}

TEST(GradientTape, DifferentiatesIntermediateTensors) {
  const Tensor x = constant(2.0F);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = square(x);
  const Tensor z = square(y);
  EXPECT_EQ(value(tape.gradient(z, y)), 8.0F);
  EXPECT_EQ(value(tape.gradient(z, x)), 32.0F);
  EXPECT_EQ(value(tape.gradient(y, x)), 4.0F);
  EXPECT_EQ(value(tape.gradient(x, x)), 1.0F);
}

TEST(GradientTape, GivesOneSetOfGradientsUnlessPersistent) {
  const Tensor x = constant(2.0F);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = square(x);
  EXPECT_EQ(value(tape.gradient(y, x)), 4.0F);
  try {
    static_cast<void>(tape.gradient(y, x));
    FAIL();
  } catch (const RuntimeError& error) {
    EXPECT_STREQ(error.what(),
                 "A non-persistent GradientTape can only be used to compute one set of gradients "
                 "(or jacobians)");
  }
  tape.reset();
  tape.watch(x);
  EXPECT_EQ(value(tape.gradient(square(x), x)), 4.0F);
}

TEST(GradientTape, NestsForHigherOrders) {
  const Tensor x = constant(2.0F);
  GradientTape third;
  third.watch(x);
  Tensor second_order;
  {
    GradientTape second;
    second.watch(x);
    Tensor first_order;
    {
      GradientTape first;
      first.watch(x);
      first_order = first.gradient(x * x * x * x, x);
    }
    EXPECT_EQ(value(first_order), 32.0F);
    second_order = second.gradient(first_order, x);
    EXPECT_EQ(value(second_order), 48.0F);
  }
  EXPECT_EQ(value(third.gradient(second_order, x)), 48.0F);
}

TEST(GradientTape, RecordsItsOwnGradientWhenPersistent) {
  const Tensor x = constant(3.0F);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = x * x * x;
  const Tensor slope = tape.gradient(y, x);
  EXPECT_EQ(value(slope), 27.0F);
  EXPECT_EQ(value(tape.gradient(slope, x)), 18.0F);
}

TEST(GradientTape, StopsAndPauses) {
  const Tensor x = constant(2.0F);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  Tensor unseen;
  {
    const auto pause = tape.stop_recording();
    unseen = square(x);
    EXPECT_THROW(static_cast<void>(tape.stop_recording()), ValueError);
  }
  const Tensor seen = square(x);
  tape.stop();
  const Tensor late = square(x);
  EXPECT_FALSE(tape.gradient(unseen, x).defined());
  EXPECT_EQ(value(tape.gradient(seen, x)), 4.0F);
  EXPECT_FALSE(tape.gradient(late, x).defined());
  EXPECT_TRUE(Context::current().plain());
}

TEST(GradientTape, SaysNoneOrZeroWhereNothingDepends) {
  const Tensor x = constant({1.0F, 2.0F});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = constant(1.0F) + 1.0F;
  EXPECT_FALSE(tape.gradient(y, x).defined());
  const Tensor zero = tape.gradient(y, x, {.unconnected_gradients = UnconnectedGradients::kZero});
  EXPECT_EQ(zero.to_vector<float>(), (std::vector<float>{0.0F, 0.0F}));
  EXPECT_FALSE(tape.gradient(stop_gradient(x) * 2.0F, x).defined());
}

TEST(GradientTape, WeighsTargets) {
  const Tensor x = constant({1.0F, 2.0F});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = square(x);
  EXPECT_EQ(
      tape.gradient(y, x, {.output_gradients = {constant({10.0F, 100.0F})}}).to_vector<float>(),
      (std::vector<float>{20.0F, 400.0F}));
  const std::array<Tensor, 2> targets{y, x};
  const std::array<Source, 1> sources{Source(x)};
  EXPECT_EQ(tape.gradient(targets, sources)[0].to_vector<float>(),
            (std::vector<float>{3.0F, 5.0F}));
  EXPECT_THROW(static_cast<void>(tape.gradient(y, x, {.output_gradients = {constant({1.0F})}})),
               InvalidArgumentError);
  EXPECT_THROW(static_cast<void>(tape.gradient(y, x, {.output_gradients = {y, y}})), ValueError);
}

TEST(GradientTape, IgnoresIntegers) {
  const Tensor x = constant(3);
  GradientTape tape;
  tape.watch(x);
  EXPECT_FALSE(tape.gradient(cast(x, float32) * 2.0F, x).defined());
}

void infer_same(op::InferContext& context) { context.set_output(0, context.input(0)); }
void share(op::KernelContext& context) { context.share_output(0, context.input(0)); }
constinit const op::Op kNoGradient{
    .name = "NoGradientHere", .inputs = {{"x"}}, .infer = infer_same, .cpu = share};

TEST(GradientTape, NamesTheOpThatHasNoGradient) {
  const Tensor x = constant(1.0F);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = op::execute(kNoGradient, {square(x)});
  try {
    static_cast<void>(tape.gradient(y, x));
    FAIL();
  } catch (const LookupError& error) {
    EXPECT_NE(std::string(error.what()).find("NoGradientHere"), std::string::npos);
  }
}

TEST(GradientTape, BelongsToItsThread) {
  const Tensor x = constant(1.0F);
  GradientTape tape;
  tape.watch(x);
  std::thread([&] {
    EXPECT_THROW(tape.watch(x), RuntimeError);
    EXPECT_THROW(static_cast<void>(tape.gradient(x, x)), RuntimeError);
    const Tensor elsewhere = square(x);  // not recorded
    EXPECT_TRUE(elsewhere.defined());
  }).join();
  EXPECT_EQ(value(tape.gradient(square(x), x)), 2.0F);
}

TEST(GradientTape, RunsOnSeveralThreads) {
  const Variable w(constant(3.0F));
  std::vector<std::thread> threads;
  std::array<float, 4> results{};
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int step = 0; step < 300; ++step) {
        GradientTape tape;
        results[i] = value(tape.gradient(square(w) * static_cast<float>(i), w));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i], 6.0F * static_cast<float>(i));
  }
}

TEST(CustomGradient, ReplacesTheOpsWithin) {
  const auto log1pexp = [](const std::vector<Tensor>& in) {
    const Tensor e = exp(in[0]);
    return CustomGradient{{log(e + 1.0F)}, [e](const std::vector<Tensor>& given) {
                            return std::vector<Tensor>{given[0] * (1.0F - 1.0F / (e + 1.0F))};
                          }};
  };
  const Tensor x = constant(100.0F);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = custom_gradient(log1pexp, {x})[0];
  EXPECT_EQ(value(tape.gradient(y, x)), 1.0F) << "the ops' own gradient is nan here";
}

TEST(CustomGradient, HandsInputsThrough) {
  const auto identity_twice = [](const std::vector<Tensor>& in) {
    return CustomGradient{{in[0]}, [](const std::vector<Tensor>& given) {
                            return std::vector<Tensor>{given[0] * 2.0F};
                          }};
  };
  const Tensor x = constant(5.0F);
  GradientTape tape;
  tape.watch(x);
  EXPECT_EQ(value(tape.gradient(custom_gradient(identity_twice, {x})[0], x)), 2.0F);
}

TEST(CustomGradient, ChecksWhatComesBack) {
  const auto gives = [](const std::vector<Tensor>& gradients) {
    return [gradients](const std::vector<Tensor>& in) {
      return CustomGradient{{square(in[0])},
                            [gradients](const std::vector<Tensor>&) { return gradients; }};
    };
  };
  const Tensor x = constant({1.0F, 2.0F});
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor too_many = custom_gradient(gives({x, x}), {x})[0];
  EXPECT_THROW(static_cast<void>(tape.gradient(too_many, x)), ValueError);
  const Tensor wrong_shape = custom_gradient(gives({constant(1.0F)}), {x})[0];
  EXPECT_THROW(static_cast<void>(tape.gradient(wrong_shape, x)), InvalidArgumentError);
  const Tensor none = custom_gradient(gives({Tensor()}), {x})[0];
  EXPECT_FALSE(tape.gradient(none, x).defined());
}

}  // namespace
}  // namespace keen
