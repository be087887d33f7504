// Cases of ops of one input, made from a function of one number each.
#include <cmath>
#include <string>
#include <vector>

#include "kernels/activations.h"
#include "kernels/elementwise.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

using Op = Tensor (*)(const Tensor&);
using Reference = double (*)(double);

struct Kind {
  Op op;
  Reference reference;
  double low = -3;
  double high = 3;
  Tolerance tolerance = kTranscendental;
  GradientCheck gradient = GradientCheck::kFloat64;
};

// Spread over [low, high], away from its ends and from its middle.
Tensor values(const Shape& shape, const Kind& kind, DType dtype) {
  std::vector<double> list;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    const double step = (static_cast<double>((i * 7 + 3) % 32) + 0.3) / 32.0;
    list.push_back(kind.low + (kind.high - kind.low) * step);
  }
  return cast(constant(list, shape), dtype);
}

OpCase made_case(const Kind& kind, const std::string& name, DType dtype, const Shape& shape) {
  const Tensor x = values(shape, kind, dtype);
  std::vector<double> expected;
  for (const double value : cast(x, float64).to_vector<double>()) {
    expected.push_back(kind.reference(value));
  }
  return {.name = name,
          .inputs = {x},
          .call = kind.op,
          .outputs = {cast(constant(expected, shape), dtype)},
          .tolerance = kind.tolerance,
          .gradient = kind.gradient};
}

std::vector<OpCase> cases(const Kind& kind, const std::vector<DType>& dtypes) {
  std::vector<OpCase> list{
      made_case(kind, "matrix", float32, {3, 7}), made_case(kind, "scalar", float32, {}),
      made_case(kind, "long", float32, {1037}), made_case(kind, "no_elements", float32, {0, 3})};
  for (const DType dtype : dtypes) {
    list.push_back(made_case(kind, std::string("of_") + name_of(dtype), dtype, {19}));
  }
  list.push_back({.name = "of_bool",
                  .inputs = {constant({true})},
                  .call = kind.op,
                  .error = {"InvalidArgumentError", "its dtype must be one of "}});
  return list;
}

// The gradient of the op at hand as an op itself, differentiated once more.
std::vector<OpCase> gradient_cases(const Kind& kind) {
  const OpCall gradient = tape_gradient(OpCall(kind.op), 0);
  return {{.name = "matrix", .inputs = {values({3, 5}, kind, float32)}, .call = gradient},
          {.name = "half",
           .inputs = {values({5}, kind, float16)},
           .call = gradient,
           .gradient = GradientCheck::kNone},
          {.name = "second",
           .inputs = {values({7}, kind, float32)},
           .call = tape_gradient(gradient, 0)}};
}

const std::vector<DType> kFloats{float64, float16, DType::kBFloat16};
const std::vector<DType> kSigned{float64, float16, DType::kBFloat16, int8, int16, int32, int64};

#define KEEN_UNARY_CASES(row, dtypes, ...)                    \
  static const OpCases KEEN_OP_CASES_NAME(__LINE__)(row, [] { \
    const Kind kind = __VA_ARGS__;                            \
    return cases(kind, dtypes);                               \
  })
#define KEEN_GRADIENT_CASES(row, ...)                         \
  static const OpCases KEEN_OP_CASES_NAME(__LINE__)(row, [] { \
    const Kind kind = __VA_ARGS__;                            \
    return gradient_cases(kind);                              \
  })

// clang-format off
double sign_of(double x) { return (x > 0 ? 1.0 : 0.0) - (x < 0 ? 1.0 : 0.0); }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

KEEN_UNARY_CASES("Neg", kSigned, {.op = negative, .reference = [](double x) { return -x; }});
KEEN_UNARY_CASES("Abs", kSigned, {.op = abs, .reference = [](double x) { return std::fabs(x); }});
KEEN_UNARY_CASES("Sign", kSigned, {.op = sign, .reference = sign_of});
KEEN_UNARY_CASES("Square", kSigned, {.op = square, .reference = [](double x) { return x * x; }});
KEEN_UNARY_CASES("Reciprocal", kFloats,
                 {reciprocal, [](double x) { return 1 / x; }, 0.5, 4});
KEEN_UNARY_CASES("Sqrt", kFloats, {sqrt, [](double x) { return std::sqrt(x); }, 0.5, 9});
KEEN_UNARY_CASES("Rsqrt", kFloats, {rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0.5, 9});
KEEN_UNARY_CASES("Floor", kFloats, {.op = floor, .reference = [](double x) { return std::floor(x); },
                  .gradient = GradientCheck::kNone});
KEEN_UNARY_CASES("Ceil", kFloats, {.op = ceil, .reference = [](double x) { return std::ceil(x); },
                  .gradient = GradientCheck::kNone});
KEEN_UNARY_CASES("Round", kSigned, {round, [](double x) { return std::nearbyint(x); }});
KEEN_UNARY_CASES("Exp", kFloats, {exp, [](double x) { return std::exp(x); }});
KEEN_UNARY_CASES("Expm1", kFloats, {expm1, [](double x) { return std::expm1(x); }});
KEEN_UNARY_CASES("Log", kFloats, {log, [](double x) { return std::log(x); }, 0.5, 9});
KEEN_UNARY_CASES("Log1p", kFloats, {log1p, [](double x) { return std::log1p(x); }, -0.5, 9});
KEEN_UNARY_CASES("Sin", kFloats, {sin, [](double x) { return std::sin(x); }});
KEEN_UNARY_CASES("Cos", kFloats, {cos, [](double x) { return std::cos(x); }});
KEEN_UNARY_CASES("Erf", kFloats, {erf, [](double x) { return std::erf(x); }});
KEEN_UNARY_CASES("Tanh", kFloats, {tanh, [](double x) { return std::tanh(x); }});
KEEN_UNARY_CASES("Sigmoid", kFloats, {sigmoid, logistic});
KEEN_UNARY_CASES("Relu", kSigned, {nn::relu, [](double x) { return x > 0 ? x : 0; }});
KEEN_UNARY_CASES("Softplus", kFloats,
                 {nn::softplus, [](double x) { return std::log1p(std::exp(x)); }});

KEEN_GRADIENT_CASES("TanhGrad", {tanh, nullptr});
KEEN_GRADIENT_CASES("SigmoidGrad", {sigmoid, nullptr});
KEEN_GRADIENT_CASES("SqrtGrad", {sqrt, nullptr, 0.5, 9});
KEEN_GRADIENT_CASES("RsqrtGrad", {rsqrt, nullptr, 0.5, 9});
KEEN_GRADIENT_CASES("ReciprocalGrad", {reciprocal, nullptr, 0.5, 4});
KEEN_GRADIENT_CASES("ReluGrad", {nn::relu, nullptr});
KEEN_GRADIENT_CASES("SoftplusGrad", {nn::softplus, nullptr});
// clang-format on

const double kNan = std::nan("");
const double kInf = HUGE_VAL;
Tensor special() { return constant({kNan, kInf, -kInf, 0.0, -2.0}); }

KEEN_OP_CASES("IsNan", {{.name = "special",
                         .inputs = {special()},
                         .call = is_nan,
                         .outputs = {constant({true, false, false, false, false})}}});
KEEN_OP_CASES("IsInf", {{.name = "special",
                         .inputs = {special()},
                         .call = is_inf,
                         .outputs = {constant({false, true, true, false, false})}}});
KEEN_OP_CASES("IsFinite", {{.name = "special",
                            .inputs = {special()},
                            .call = is_finite,
                            .outputs = {constant({false, false, false, true, true})}},
                           {.name = "integers",
                            .inputs = {constant({1})},
                            .call = is_finite,
                            .error = {"InvalidArgumentError", "its dtype must be one of "}}});
KEEN_OP_CASES("LogicalNot", {{.name = "table",
                              .inputs = {constant({true, false})},
                              .call = logical_not,
                              .outputs = {constant({false, true})}}});
KEEN_OP_CASES("Relu", {{.name = "special",
                        .inputs = {special()},
                        .call = nn::relu,
                        .outputs = {constant({kNan, kInf, 0.0, 0.0, 0.0})},
                        .gradient = GradientCheck::kNone}});
KEEN_OP_CASES("Round", {{.name = "halves_go_to_even",
                         .inputs = {constant({0.5, 1.5, 2.5, -0.5, -1.5})},
                         .call = round,
                         .outputs = {constant({0.0, 2.0, 2.0, -0.0, -2.0})},
                         .gradient = GradientCheck::kNone}});

// ---- Cast, where, stop_gradient ----

Tensor to_int8(const Tensor& x) { return cast(x, int8); }
Tensor to_half(const Tensor& x) { return cast(x, float16); }
Tensor to_bool(const Tensor& x) { return cast(x, DType::kBool); }
Tensor to_double(const Tensor& x) { return cast(x, float64); }
Tensor to_string(const Tensor& x) { return cast(x, DType::kString); }
Tensor to_int32(const Tensor& x) { return cast(x, int32); }

KEEN_OP_CASES("Cast",
              {{.name = "towards_zero",
                .inputs = {constant({1.9, -1.9, 0.5, -0.5, 2e9})},
                .call = to_int32,
                .outputs = {constant({1, -1, 0, 0, 2000000000})}},
               {.name = "out_of_range",
                .inputs = {constant({3e9, kNan, -kInf})},
                .call = to_int32,
                .outputs = {constant({-2147483647 - 1, -2147483647 - 1, -2147483647 - 1})}},
               {.name = "wraps",
                .inputs = {constant({1, 127, 128, 300, -129})},
                .call = to_int8,
                .outputs = {constant({1, 127, -128, 44, 127}, {.dtype = int8})}},
               {.name = "to_bool",
                .inputs = {constant({0.0, -0.0, 0.5, kNan})},
                .call = to_bool,
                .outputs = {constant({false, false, true, true})}},
               {.name = "bool_to_half",
                .inputs = {constant({true, false})},
                .call = to_half,
                .outputs = {constant({1.0, 0.0}, {.dtype = float16})}},
               {.name = "gradient", .inputs = {constant({1.5, -2.5})}, .call = to_double},
               {.name = "no_elements",
                .inputs = {Tensor::from_vector(std::vector<float>(), {0, 2})},
                .call = to_int32,
                .outputs = {Tensor::from_vector(std::vector<std::int32_t>(), {0, 2})}},
               {.name = "to_string",
                .inputs = {constant({1.0})},
                .call = to_string,
                .error = {"UnimplementedError", "Cast float32 to string is not supported"}}});

KEEN_OP_CASES(
    "SelectV2",
    {{.name = "equal_shapes",
      .inputs = {constant({true, false, true}), constant({1.0, 2.0, 3.0}),
                 constant({10.0, 20.0, 30.0})},
      .call = where,
      .outputs = {constant({1.0, 20.0, 3.0})}},
     {.name = "all_broadcast",
      .inputs = {constant({{true}, {false}}), constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}),
                 constant({10.0, 20.0, 30.0})},
      .call = where,
      .outputs = {constant({{1.0, 2.0, 3.0}, {10.0, 20.0, 30.0}})}},
     {.name = "scalar_branches",
      .inputs = {constant({true, false, true}), constant(1.0), constant({10.0, 20.0, 30.0})},
      .call = where,
      .outputs = {constant({1.0, 20.0, 1.0})}},
     {.name = "integers",
      .inputs = {constant({true, false}), constant({1, 2}), constant(7)},
      .call = where,
      .outputs = {constant({1, 7})}},
     {.name = "no_elements",
      .inputs = {constant(true), Tensor::from_vector(std::vector<float>(), {0, 2}),
                 constant({1.0, 2.0})},
      .call = where,
      .outputs = {Tensor::from_vector(std::vector<float>(), {0, 2})}},
     {.name = "shapes_that_do_not_fit",
      .inputs = {constant({true, false}), constant({1.0, 2.0, 3.0}), constant({1.0, 2.0, 3.0})},
      .call = where,
      .error = {"InvalidArgumentError", "condition [2], then [3], and else [3] must be"}},
     {.name = "condition_of_numbers",
      .inputs = {constant({1.0}), constant({1.0}), constant({1.0})},
      .call = where,
      .error = {"InvalidArgumentError", "its dtype must be one of bool"}}});

KEEN_OP_CASES("StopGradient", {{.name = "no_gradient",
                                .inputs = {constant({1.0, 2.0})},
                                .call = stop_gradient,
                                .outputs = {constant({1.0, 2.0})},
                                .gradient = GradientCheck::kNone}});

}  // namespace
}  // namespace keen::test
