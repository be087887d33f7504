#include "runtime/trace/function.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace {

Tensor add(const Tensor& a, const Tensor& b) {
  const std::array<Tensor, 2> both{a, b};
  return add_n(both);
}

TEST(Function, TracesOncePerSignature) {
  int runs = 0;
  const auto twice = function([&](const Tensor& x) {
    ++runs;
    return add(x, x);
  });
  EXPECT_EQ(twice(constant(2.0F)).item<float>(), 4.0F);
  EXPECT_EQ(twice(constant(3.0F)).item<float>(), 6.0F);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(twice(constant({1.0F, 2.0F})).to_vector<float>()[1], 4.0F);
  EXPECT_EQ(twice(constant(5)).item<int>(), 10);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(twice.experimental_get_tracing_count(), 3);
}

TEST(Function, TellsArgumentsThatAreNoTensorsApart) {
  int runs = 0;
  const auto f = function([&](const Tensor& x, int times, const std::string& name, bool flag,
                              std::optional<bool> training) {
    ++runs;
    Tensor y = flag || training.value_or(false) ? add(x, x) : x;
    for (int i = 0; i < times + static_cast<int>(name.size()); ++i) y = add(y, x);
    return y;
  });
  const Tensor one = constant(1.0F);
  EXPECT_EQ(f(one, 2, "a", false, std::nullopt).item<float>(), 4.0F);
  EXPECT_EQ(f(one, 2, "a", false, std::nullopt).item<float>(), 4.0F);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(f(one, 3, "a", false, std::nullopt).item<float>(), 5.0F);
  EXPECT_EQ(f(one, 2, "ab", false, std::nullopt).item<float>(), 5.0F);
  EXPECT_EQ(f(one, 2, "a", true, std::nullopt).item<float>(), 5.0F);
  EXPECT_EQ(f(one, 2, "a", false, true).item<float>(), 5.0F);
  EXPECT_EQ(runs, 5);
}

TEST(Function, DependsOnTrainingAndDeviceAround) {
  int runs = 0;
  const auto f = function([&](const Tensor& x) {
    ++runs;
    return Context::current().training().value_or(false) ? add(x, x) : identity(x);
  });
  EXPECT_EQ(f(constant(1.0F)).item<float>(), 1.0F);
  Context::current().set_training(true);
  EXPECT_EQ(f(constant(1.0F)).item<float>(), 2.0F);
  Context::current().set_training(std::nullopt);
  EXPECT_EQ(f(constant(1.0F)).item<float>(), 1.0F);
  EXPECT_EQ(runs, 2);
}

TEST(Function, GivesStructuresBack) {
  const auto pair = function([](const Tensor& x) { return std::make_pair(add(x, x), x); });
  EXPECT_EQ(pair(constant(2)).first.item<int>(), 4);
  EXPECT_EQ(pair(constant(2)).second.item<int>(), 2);
  const auto list = function([](const std::vector<Tensor>& xs) { return xs; });
  EXPECT_EQ(list({constant(1), constant(2)}).size(), 2U);
  const auto map = function([](const Tensors& xs) {
    return Tensors(Tensors::Map{{"sum", add(xs["a"].tensor(), xs["b"].tensor())}});
  });
  const Tensors result = map(Tensors::Map{{"a", constant(1)}, {"b", constant(2)}});
  EXPECT_EQ(result["sum"].tensor().item<int>(), 3);
}

TEST(Function, KeepsEffectsInOrder) {
  const Variable v(constant(1.0F));
  const auto step = function([&](const Tensor& x) {
    const Tensor before = v;
    v.assign_add(x);
    const Tensor between = v;
    v.assign_add(between);
    return std::vector<Tensor>{before, between, v};
  });
  for (float start = 1.0F; const float x : {1.0F, 2.0F, 3.0F}) {
    const std::vector<Tensor> seen = step(constant(x));
    EXPECT_EQ(seen[0].item<float>(), start);
    EXPECT_EQ(seen[1].item<float>(), start + x);
    EXPECT_EQ(seen[2].item<float>(), 2 * (start + x));
    start = 2 * (start + x);
  }
}

TEST(Function, UpdatesVariablesInPlace) {
  const Variable v(fill({64}, 1.0));
  const auto step = function([&](const Tensor& x) {
    GradientTape tape;
    const Tensor loss = add(v, x);
    v.assign_sub(tape.gradient(loss, v));
  });
  step(fill({64}, 1.0));
  const void* address = v.impl().buffer->data();
  step(fill({64}, 2.0));
  EXPECT_EQ(v.impl().buffer->data(), address);
  EXPECT_EQ(v.value().to_vector<float>()[0], -1.0F);
}

TEST(Function, MakesVariablesOnTheFirstCallOnly) {
  std::optional<Variable> kept;
  int runs = 0;
  const auto f = function([&](const Tensor& x) {
    ++runs;
    if (!kept) kept.emplace([] { return constant(5.0F); }, VariableArgs{.name = "kept"});
    return add(x, *kept);
  });
  EXPECT_EQ(f(constant(1.0F)).item<float>(), 6.0F);
  EXPECT_EQ(runs, 2) << "a first trace that makes variables is made anew, as TensorFlow does";
  EXPECT_EQ(f(constant(2.0F)).item<float>(), 7.0F);
  EXPECT_EQ(runs, 2);
  const auto always = function([](const Tensor& x) {
    const Variable made([] { return constant(1.0F); });
    return add(x, made);
  });
  try {
    static_cast<void>(always(constant(1.0F)));
    FAIL();
  } catch (const ValueError& error) {
    EXPECT_EQ(std::string(error.what()).find("tf.function only supports singleton tf.Variables"),
              0U);
  }
}

TEST(Function, LetsGradientsThrough) {
  const Variable v(constant(3.0F));
  const auto f = function([&](const Tensor& x, int times) {
    Tensor y = x;
    for (int i = 0; i < times; ++i) y = add(y, v);
    return y;
  });
  for (int call = 0; call < 2; ++call) {
    GradientTape tape;
    const Tensor x = constant(1.0F);
    tape.watch(x);
    const std::array<Source, 2> sources{Source(x), Source(v)};
    const std::vector<Tensor> gradients = tape.gradient(f(x, 4), sources);
    EXPECT_EQ(gradients[0].item<float>(), 1.0F);
    EXPECT_EQ(gradients[1].item<float>(), 4.0F);
  }
}

TEST(Function, KeepsCustomGradients) {
  const auto f = function([](const Tensor& x) {
    const auto odd = [](const std::vector<Tensor>& in) {
      const Tensor y = add(in[0], in[0]);
      // Not the derivative, and reads a value of the trace.
      return CustomGradient{{y}, [y](const std::vector<Tensor>& given) {
                              return std::vector<Tensor>{add(given[0], y)};
                            }};
    };
    return add(custom_gradient(odd, {x})[0], x);
  });
  for (const float value : {3.0F, 4.0F}) {
    GradientTape tape;
    const Tensor x = constant(value);
    tape.watch(x);
    const Tensor y = f(x);
    EXPECT_EQ(y.item<float>(), 3 * value);
    EXPECT_EQ(tape.gradient(y, x).item<float>(), 1 + 2 * value + 1);
  }
}

TEST(Function, NestsAndCapturesFromTheFunctionAround) {
  int inner_runs = 0;
  const auto inner_alone = function([&](const Tensor& x) {
    ++inner_runs;
    return add(x, x);
  });
  const auto outer = function([&](const Tensor& x) {
    const Tensor doubled = inner_alone(x);
    const auto inner = function([&](const Tensor& y) { return add(y, doubled); });
    return inner(x);
  });
  EXPECT_EQ(outer(constant(2.0F)).item<float>(), 6.0F);
  EXPECT_EQ(outer(constant(3.0F)).item<float>(), 9.0F);
  EXPECT_EQ(inner_alone(constant(1.0F)).item<float>(), 2.0F);
  EXPECT_EQ(inner_runs, 1);
}

TEST(Function, RefusesTensorsThatEscaped) {
  Tensor escaped;
  const auto leak = function([&](const Tensor& x) {
    escaped = add(x, x);
    return x;
  });
  static_cast<void>(leak(constant(1.0F)));
  EXPECT_THROW(static_cast<void>(add(escaped, escaped)), TypeError);
  EXPECT_THROW(static_cast<void>(escaped.item<float>()), TypeError);
  const auto other = function([&](const Tensor& x) { return add(x, escaped); });
  EXPECT_THROW(static_cast<void>(other(constant(1.0F))), TypeError);
}

TEST(Function, LeavesTheContextAsItWasAfterAnError) {
  const auto f =
      function([](const Tensor& x) -> Tensor { throw ValueError(text("no ", x.rank())); });
  EXPECT_THROW(static_cast<void>(f(constant(1.0F))), ValueError);
  EXPECT_TRUE(Context::current().plain());
}

TEST(Function, ForgetsTheOldestTraceBeyondItsBound) {
  int runs = 0;
  const auto f = function(
      [&](const Tensor& x) {
        ++runs;
        return identity(x);
      },
      {.name = "bounded", .max_traces = 2});
  for (const std::int64_t n : {1, 2, 1, 3, 1, 2}) static_cast<void>(f(fill({n}, 1.0)));
  EXPECT_EQ(runs, 4) << "1 and 2, then 3 in the place of 2, then 2 anew";
}

TEST(Function, RunsOnSeveralThreads) {
  const auto f = function([](const Tensor& x) { return add(add(x, x), x); });
  std::vector<std::thread> threads;
  std::array<float, 4> results{};
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int call = 0; call < 500; ++call) {
        results[i] = f(constant(static_cast<float>(i))).item<float>();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < results.size(); ++i)
    EXPECT_EQ(results[i], 3.0F * static_cast<float>(i));
  EXPECT_EQ(f.experimental_get_tracing_count(), 1);
}

}  // namespace
}  // namespace keen
