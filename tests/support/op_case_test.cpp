// The harness itself: each kind of fault in an op is reported.
#include "tests/support/op_case.h"

#include <gmock/gmock.h>

#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/op/core_ops.h"

namespace keen::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> play_here(const OpCase& op_case) { return play(op_case, cpu()); }

Tensor twice(const Tensor& x) { return add_n(std::vector<Tensor>{x, x}); }

TEST(op_harness, accepts_an_op_that_does_as_it_should) {
  EXPECT_THAT(play_here({.inputs = {constant({1.0, 2.0})},
                         .call = twice,
                         .outputs = {constant({2.0, 4.0})},
                         .cotangents = {constant({10.0, 1.0})},
                         .gradients = {constant({20.0, 2.0})}}),
              IsEmpty());
}

TEST(op_harness, reports_wrong_values_dtypes_and_shapes) {
  const Tensor x = constant({1.0, 2.0});
  EXPECT_THAT(play_here({.inputs = {x}, .call = twice, .outputs = {constant({2.0, 4.001})}}),
              Contains(HasSubstr("output 0: 1 of 2 elements differ, first at (1): got 4, want")));
  EXPECT_THAT(play_here({.inputs = {x}, .call = twice, .outputs = {constant({2, 4})}}),
              Contains(HasSubstr("got float32(2,), want int32(2,)")));
  EXPECT_THAT(play_here({.inputs = {x}, .call = twice, .outputs = {constant({{2.0, 4.0}})}}),
              Contains(HasSubstr("got float32(2,), want float32(1, 2)")));
  EXPECT_THAT(play_here({.inputs = {x}, .call = twice, .outputs = {x, x}}),
              Contains("1 outputs, expected 2"));
}

TEST(op_harness, reports_wrong_gradients) {
  const auto wrong = [](const Tensor& x) {
    return custom_gradient(
        [](const std::vector<Tensor>& in) {
          return CustomGradient{{twice(in[0])}, [](const std::vector<Tensor>& dy) { return dy; }};
        },
        {x});
  };
  EXPECT_THAT(play_here({.inputs = {constant({1.0, 2.0})}, .call = wrong}),
              Contains(HasSubstr("gradient of input 0 at element 0: the tape gives")));
  EXPECT_THAT(
      play_here(
          {.inputs = {constant({1.0, 2.0})}, .call = wrong, .gradient = GradientCheck::kFloat32}),
      Contains(HasSubstr("gradient of input 0 at element 0: the tape gives")));
  EXPECT_THAT(
      play_here(
          {.inputs = {constant({1.0, 2.0})}, .call = wrong, .gradient = GradientCheck::kNone}),
      IsEmpty());
  EXPECT_THAT(play_here({.inputs = {constant({1.0, 2.0})},
                         .call = twice,
                         .cotangents = {constant({1.0, 1.0})},
                         .gradients = {Tensor()}}),
              Contains("gradient of input 0: got a tensor, want none"));
}

TEST(op_harness, reports_a_gradient_that_is_lost) {
  const auto lost = [](const Tensor& x) {
    return Tensor::from_vector(x.to_vector<double>(), x.shape());
  };
  EXPECT_THAT(play_here({.inputs = {constant({1.0}, {.dtype = float64})}, .call = lost}),
              Contains(HasSubstr("threw TypeError")));
}

TEST(op_harness, reports_what_changes_from_call_to_call) {
  int calls = 0;
  const auto counts = [&calls](const Tensor& x) { return add_n(std::vector<Tensor>(++calls, x)); };
  EXPECT_THAT(play_here({.inputs = {constant({1.0, 2.0})}, .call = counts}),
              AllOf(Contains(HasSubstr("eager, call 2: 0: 2 of 2 elements differ")),
                    Contains(HasSubstr("traced, call 2: 0: 2 of 2 elements differ"))));
}

TEST(op_harness, compares_the_nth_calls_of_ops_with_a_state) {
  int state = 0;
  const auto counts = [&state](const Tensor& x) { return fill(x.shape(), ++state); };
  const OpCase op_case{.inputs = {constant({1, 2})},
                       .call = counts,
                       .outputs = {constant({1.0, 1.0})},
                       .reset = [&state] { state = 0; }};
  // What is counted while tracing is a constant of the trace.
  EXPECT_THAT(play_here(op_case),
              testing::ElementsAre(HasSubstr("traced, call 2: 0"), HasSubstr("traced, call 3: 0")));
}

TEST(op_harness, tells_bits_apart_where_modes_must_agree) {
  bool first = true;
  const auto zero = [&first](const Tensor&) {
    const float value = std::exchange(first, false) ? 0.0F : -0.0F;
    return Tensor::from_vector(std::vector<float>{value});
  };
  EXPECT_THAT(play_here({.inputs = {constant({1})}, .call = zero}),
              Contains(HasSubstr("eager, call 2: 0: 1 of 1 elements differ")));
}

TEST(op_harness, reports_errors_that_differ) {
  const auto fails = [](const Tensor& x) {
    if (x.rank() == 1) throw InvalidArgumentError("Op: this is the text");
    return x;
  };
  const Tensor vector = constant({1.0});
  EXPECT_THAT(play_here({.inputs = {vector},
                         .call = fails,
                         .error = {"InvalidArgumentError", "this is the text"}}),
              IsEmpty());
  EXPECT_THAT(
      play_here({.inputs = {vector}, .call = fails, .error = {"ValueError", "this is the text"}}),
      AllOf(Contains(HasSubstr("eager: got InvalidArgumentError")),
            Contains(HasSubstr("traced: got InvalidArgumentError"))));
  EXPECT_THAT(
      play_here(
          {.inputs = {vector}, .call = fails, .error = {"InvalidArgumentError", "another text"}}),
      Contains(HasSubstr("expected InvalidArgumentError with 'another text'")));
  EXPECT_THAT(play_here({.inputs = {constant(1.0)}, .call = fails, .error = {"ValueError", ""}}),
              Contains("eager: no error, expected ValueError"));
  EXPECT_THAT(play_here({.inputs = {vector}, .call = fails}),
              Contains("threw InvalidArgumentError: Op: this is the text"));
}

TEST(compare, takes_tolerances_nan_and_small_numbers_as_stated) {
  const auto same = [](const Tensor& a, const Tensor& b, const Tolerance& tolerance) {
    return difference("x", a, b, tolerance).empty();
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(same(constant(1.0F), constant(1.0000009F), kElementwise));
  EXPECT_FALSE(same(constant(1.0F), constant(1.000002F), kElementwise));
  EXPECT_FALSE(same(constant(1.0F), constant(1.0000002F), kExact));
  EXPECT_TRUE(same(constant(nan), constant(nan), kExact));
  EXPECT_FALSE(same(constant(nan), constant(1.0F), kGradients));
  EXPECT_FALSE(same(constant(1.0F), constant(nan), kGradients));
  EXPECT_TRUE(same(constant(infinity), constant(infinity), kElementwise));
  EXPECT_FALSE(same(constant(infinity), constant(-infinity), kElementwise));
  EXPECT_FALSE(same(constant(infinity), constant(1.0F), kElementwise));
  EXPECT_TRUE(same(constant(1e-40F), constant(0.0F), kExact));
  EXPECT_TRUE(same(constant(0.0F), constant(-0.0F), kExact));
  EXPECT_FALSE(exact_difference("x", constant(0.0F), constant(-0.0F)).empty());
  const auto half_of = [](int bits) {
    return Tensor::scalar(half::from_bits(static_cast<std::uint16_t>(bits)));
  };
  EXPECT_TRUE(same(half_of(0x3C00), half_of(0x3C01), kElementwise));
  EXPECT_TRUE(same(half_of(0x3C00), half_of(0x3BFF), kElementwise));
  EXPECT_FALSE(same(half_of(0x3C00), half_of(0x3C02), kElementwise));
  EXPECT_FALSE(same(half_of(0x3C00), half_of(0x3C01), kExact));
  EXPECT_TRUE(same(constant("a"), constant("a"), kExact));
  EXPECT_FALSE(same(constant("a"), constant("b"), kGradients));
}

}  // namespace
}  // namespace keen::test
