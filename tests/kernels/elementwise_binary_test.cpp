// Cases of ops of two inputs, made from a function of two numbers each.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/elementwise.h"
#include "tests/support/op_case.h"

namespace keen::test {
namespace {

using Op = Tensor (*)(const Tensor&, const Tensor&);
using Reference = double (*)(double, double);

// Values that are exact in all types, within [low, high], no two neighbours alike.
Tensor values(const Shape& shape, double low, double high, DType dtype, int seed) {
  std::vector<double> list;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    const auto step = static_cast<double>((i * 7 + seed * 5 + 3) % 16) / 16.0;
    const double value = low + (high - low) * step;
    list.push_back(is_floating(dtype) ? std::round(value * 16) / 16 : std::round(value));
  }
  return cast(constant(list, shape), dtype);
}

// The element of a tensor that lies at output index `at` of a broadcast to `shape`.
double element(const Tensor& wide, const Shape& shape, std::int64_t at) {
  std::int64_t place = 0;
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const std::int64_t index = at % shape.dim(i);
    at /= shape.dim(i);
    const int axis = i - (shape.rank() - wide.rank());
    if (axis < 0) continue;
    if (wide.shape().dim(axis) != 1) place += index * stride;
    stride *= wide.shape().dim(axis);
  }
  return wide.data<double>()[static_cast<std::size_t>(place)];
}

struct Kind {
  Op op;
  Reference reference;
  double low = -2;
  double high = 2;
  DType result = DType::kInvalid;  // kInvalid: that of the inputs
  Tolerance tolerance = kElementwise;
  GradientCheck gradient = GradientCheck::kFloat64;
};

OpCase made_case(const Kind& kind, const std::string& name, DType dtype, const Shape& a,
                 const Shape& b) {
  const Tensor x = values(a, kind.low, kind.high, dtype, 0);
  const Tensor y = values(b, kind.low, kind.high, dtype, 1);
  const Tensor wide_x = cast(x, float64);
  const Tensor wide_y = cast(y, float64);
  Shape shape;
  static_cast<void>(broadcast_shapes(a, b, &shape));
  std::vector<double> expected;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    expected.push_back(kind.reference(element(wide_x, shape, i), element(wide_y, shape, i)));
  }
  const DType result = kind.result == DType::kInvalid ? dtype : kind.result;
  return {.name = name,
          .inputs = {x, y},
          .call = kind.op,
          .outputs = {cast(constant(expected, shape), result)},
          .tolerance = kind.tolerance,
          .gradient = kind.gradient};
}

// Broadcasts, types, no elements, and what doesn't fit.
std::vector<OpCase> cases(const Kind& kind, const std::vector<DType>& dtypes) {
  const DType first = dtypes.front();
  std::vector<OpCase> list{
      made_case(kind, "equal_shapes", first, {3, 7}, {3, 7}),
      made_case(kind, "row", first, {3, 7}, {7}),
      made_case(kind, "row_first", first, {7}, {3, 7}),
      made_case(kind, "column", first, {3, 7}, {3, 1}),
      made_case(kind, "both", first, {2, 1, 3}, {4, 1}),
      made_case(kind, "scalar", first, {5}, {}),
      made_case(kind, "scalar_first", first, {}, {2, 5}),
      made_case(kind, "scalars", first, {}, {}),
      made_case(kind, "middle", first, {2, 3, 1, 2}, {2, 1, 4, 2}),
      made_case(kind, "long", first, {37, 41}, {37, 41}),
      made_case(kind, "no_elements", first, {2, 0, 3}, {1, 3}),
  };
  for (const DType dtype : dtypes) {
    list.push_back(made_case(kind, std::string("of_") + name_of(dtype), dtype, {2, 9}, {9}));
  }
  list.push_back({.name = "shapes_that_do_not_fit",
                  .inputs = {values({2, 3}, 1, 2, first, 0), values({2, 4}, 1, 2, first, 0)},
                  .call = kind.op,
                  .error = {"InvalidArgumentError", "Incompatible shapes: [2,3] vs. [2,4] [Op:"}});
  const DType other = first == float64 ? float32 : float64;
  list.push_back(
      {.name = "dtypes_that_differ",
       .inputs = {values({2}, 1, 2, first, 0), values({2}, 1, 2, other, 0)},
       .call = kind.op,
       .error = {"InvalidArgumentError", "as input #1(zero-based) was expected to be a "}});
  return list;
}

const std::vector<DType> kFloats{float32, float64, float16, DType::kBFloat16};
const std::vector<DType> kSigned{float32, float64, float16, DType::kBFloat16,
                                 int8,    int16,   int32,   int64};
const std::vector<DType> kIntegers{int32, int64, int8, int16};

Kind comparison(Op op, Reference reference) {
  return {.op = op, .reference = reference, .result = DType::kBool, .tolerance = kExact};
}

#define KEEN_BINARY_CASES(row, dtypes, ...)                   \
  static const OpCases KEEN_OP_CASES_NAME(__LINE__)(row, [] { \
    const Kind kind = __VA_ARGS__;                            \
    return cases(kind, dtypes);                               \
  })

// clang-format off
KEEN_BINARY_CASES("AddV2", kSigned, {add, [](double x, double y) { return x + y; }});
KEEN_BINARY_CASES("Sub", kSigned, {subtract, [](double x, double y) { return x - y; }});
KEEN_BINARY_CASES("Mul", kSigned, {multiply, [](double x, double y) { return x * y; }});
KEEN_BINARY_CASES("RealDiv", kFloats, {divide, [](double x, double y) { return x / y; }, 1, 3});
KEEN_BINARY_CASES("DivNoNan", kFloats,
                  {divide_no_nan, [](double x, double y) { return y == 0 ? 0 : x / y; }, 0.5, 3});
KEEN_BINARY_CASES("Maximum", kSigned,
                  {.op = maximum, .reference = [](double x, double y) { return std::max(x, y); },
                   .gradient = GradientCheck::kNone});
KEEN_BINARY_CASES("Minimum", kSigned,
                  {.op = minimum, .reference = [](double x, double y) { return std::min(x, y); },
                   .gradient = GradientCheck::kNone});
KEEN_BINARY_CASES("SquaredDifference", kSigned,
                  {squared_difference, [](double x, double y) { return (x - y) * (x - y); }});
KEEN_BINARY_CASES("Pow", kSigned,
                  {.op = pow, .reference = [](double x, double y) { return std::pow(x, y); },
                   .low = 1, .high = 3, .tolerance = kTranscendental});
KEEN_BINARY_CASES("FloorDiv", kSigned,
                  {.op = floordiv,
                   .reference = [](double x, double y) { return std::floor(x / y); },
                   .low = 1, .high = 9, .gradient = GradientCheck::kNone});
KEEN_BINARY_CASES("FloorMod", kSigned,
                  {.op = floormod,
                   .reference = [](double x, double y) { return x - y * std::floor(x / y); },
                   .low = 1, .high = 9, .gradient = GradientCheck::kNone});
KEEN_BINARY_CASES("TruncateDiv", kIntegers,
                  {truncatediv, [](double x, double y) { return std::trunc(x / y); }, 1, 9});
KEEN_BINARY_CASES("Equal", kSigned,
                  comparison(equal, [](double x, double y) { return double(x == y); }));
KEEN_BINARY_CASES("NotEqual", kSigned,
                  comparison(not_equal, [](double x, double y) { return double(x != y); }));
KEEN_BINARY_CASES("Less", kSigned,
                  comparison(less, [](double x, double y) { return double(x < y); }));
KEEN_BINARY_CASES("LessEqual", kSigned,
                  comparison(less_equal, [](double x, double y) { return double(x <= y); }));
KEEN_BINARY_CASES("Greater", kSigned,
                  comparison(greater, [](double x, double y) { return double(x > y); }));
KEEN_BINARY_CASES("GreaterEqual", kSigned,
                  comparison(greater_equal, [](double x, double y) { return double(x >= y); }));
// clang-format on

Tensor truths() { return constant({true, true, false, false}); }
Tensor others() { return constant({true, false, true, false}); }

KEEN_OP_CASES("LogicalAnd", {{.name = "table",
                              .inputs = {truths(), others()},
                              .call = logical_and,
                              .outputs = {constant({true, false, false, false})}},
                             {.name = "numbers",
                              .inputs = {constant({1.0}), constant({1.0})},
                              .call = logical_and,
                              .error = {"InvalidArgumentError", "its dtype must be one of bool"}}});
KEEN_OP_CASES("LogicalOr", {{.name = "table",
                             .inputs = {truths(), others()},
                             .call = logical_or,
                             .outputs = {constant({true, true, true, false})}}});

// What the tables above leave out.
const double kNan = std::nan("");
const double kInf = HUGE_VAL;

KEEN_OP_CASES("Maximum",
              {{.name = "nan_wins_and_ties_give_all_to_the_first",
                .inputs = {constant({kNan, 1.0, 2.0, -kInf}), constant({1.0, kNan, 2.0, kInf})},
                .call = maximum,
                .outputs = {constant({kNan, kNan, 2.0, kInf})},
                .gradient = GradientCheck::kNone,
                .cotangents = {constant({1.0, 2.0, 3.0, 4.0})},
                .gradients = {constant({0.0, 0.0, 3.0, 0.0}), constant({1.0, 2.0, 0.0, 4.0})}},
               {.name = "gradient",
                .inputs = {constant({{1.0, 5.0, 2.0}, {0.0, 7.0, 3.0}}), constant({0.5, 6.0, 2.5})},
                .call = maximum}});
KEEN_OP_CASES("Minimum",
              {{.name = "gradient",
                .inputs = {constant({{1.0, 5.0, 2.0}, {0.0, 7.0, 3.0}}), constant({0.5, 6.0, 2.5})},
                .call = minimum}});
KEEN_OP_CASES("FloorDiv", {{.name = "signs",
                            .inputs = {constant({7, -7, 7, -7, 6}), constant({2, 2, -2, -2, -3})},
                            .call = floordiv,
                            .outputs = {constant({3, -4, -4, 3, -2})}},
                           {.name = "by_zero",
                            .inputs = {constant({7, 8}), constant({2, 0})},
                            .call = floordiv,
                            .error = {"InvalidArgumentError", "Integer division by zero"},
                            .cpu_only = true},  // a GPU's quotient is then any number
                           {.name = "largest",
                            .inputs = {constant({-2147483647 - 1}), constant({-1})},
                            .call = floordiv,
                            .outputs = {constant({-2147483647 - 1})}}});
KEEN_OP_CASES("FloorMod", {{.name = "signs",
                            .inputs = {constant({7, -7, 7, -7, 6}), constant({2, 2, -2, -2, -3})},
                            .call = floormod,
                            .outputs = {constant({1, 1, -1, -1, 0})}},
                           {.name = "gradient",
                            .inputs = {constant({7.5, -7.5}), constant({2.0, 2.0})},
                            .call = floormod}});
KEEN_OP_CASES("TruncateDiv", {{.name = "signs",
                               .inputs = {constant({7, -7, 7, -7}), constant({2, 2, -2, -2})},
                               .call = truncatediv,
                               .outputs = {constant({3, -3, -3, 3})}}});
KEEN_OP_CASES("Pow", {{.name = "integers",
                       .inputs = {constant({3, -2, 0, 7}), constant({4, 3, 0, 1})},
                       .call = pow,
                       .outputs = {constant({81, -8, 1, 7})}},
                      {.name = "negative_exponent",
                       .inputs = {constant({3}), constant({-1})},
                       .call = pow,
                       .error = {"InvalidArgumentError", "Integers to negative integer powers"},
                       .cpu_only = true}});  // on a GPU the power is 1
KEEN_OP_CASES("AddV2", {{.name = "integers_wrap",
                         .inputs = {constant({2147483647}), constant({1})},
                         .call = add,
                         .outputs = {constant({-2147483647 - 1})}}});
KEEN_OP_CASES("Equal", {{.name = "of_bool",
                         .inputs = {truths(), others()},
                         .call = equal,
                         .outputs = {constant({true, false, false, true})}}});

}  // namespace
}  // namespace keen::test
