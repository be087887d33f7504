#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

Tensor some(const Shape& shape, std::uint64_t seed) { return arbitrary({float32, shape}, seed); }

OpCall softmax(int axis = -1) {
  return [axis](const Tensor& x) { return nn::softmax(x, {.axis = axis}); };
}

OpCall log_softmax(int axis = -1) {
  return [axis](const Tensor& x) { return nn::log_softmax(x, {.axis = axis}); };
}

// exp of 0, 1 and 2 over their sum, and the logarithms.
const float kP[] = {0.09003057F, 0.24472847F, 0.66524096F};
const float kLog[] = {-2.4076059F, -1.4076059F, -0.40760595F};

KEEN_OP_CASES(
    "Softmax",
    {{.name = "rows",
      .inputs = {constant({{0.0, 1.0, 2.0}, {2.0, 1.0, 0.0}})},
      .call = softmax(),
      .outputs = {constant({{kP[0], kP[1], kP[2]}, {kP[2], kP[1], kP[0]}})},
      .tolerance = kTranscendental},
     {.name = "columns",
      .inputs = {constant({{0.0}, {1.0}, {2.0}})},
      .call = softmax(0),
      .outputs = {constant({{kP[0]}, {kP[1]}, {kP[2]}})},
      .tolerance = kTranscendental},
     {.name = "large_numbers",
      .inputs = {constant({1000.0, 1001.0, 1002.0})},
      .call = softmax(),
      .outputs = {constant({kP[0], kP[1], kP[2]})},
      .tolerance = kTranscendental,
      .gradient = GradientCheck::kNone},
     {.name = "middle_axis", .inputs = {some({2, 3, 4}, 1)}, .call = softmax(-2)},
     {.name = "wide", .inputs = {some({3, 37}, 1)}, .call = softmax()},
     {.name = "second_gradient", .inputs = {some({2, 3}, 1)}, .call = tape_gradient(softmax(), 0)},
     {.name = "no_rows", .inputs = {some({0, 3}, 1)}, .call = softmax()},
     {.name = "no_columns", .inputs = {some({3, 0}, 1)}, .call = softmax()},
     {.name = "scalar",
      .inputs = {constant(1.0)},
      .call = softmax(),
      .error = {"InvalidArgumentError", "Softmax: logits must have >= 1 dimension"}},
     {.name = "axis_out_of_range",
      .inputs = {some({3, 2}, 1)},
      .call = softmax(2),
      .error = {"InvalidArgumentError",
                "Softmax: `axis` must be in the range [-2, 2) where 2 is the number of "
                "dimensions in the input. Received: axis=2"}},
     {.name = "integers",
      .inputs = {constant({1, 2})},
      .call = softmax(),
      .error = {"InvalidArgumentError", "Softmax: input 'logits' is int32(2,)"}}});

KEEN_OP_CASES("LogSoftmax",
              {{.name = "rows",
                .inputs = {constant({{0.0, 1.0, 2.0}, {1002.0, 1001.0, 1000.0}})},
                .call = log_softmax(),
                .outputs = {constant({{kLog[0], kLog[1], kLog[2]}, {kLog[2], kLog[1], kLog[0]}})},
                .tolerance = {5e-6, 1e-6},
                .gradient = GradientCheck::kNone},
               {.name = "first_axis", .inputs = {some({5, 2}, 1)}, .call = log_softmax(0)},
               {.name = "second_gradient",
                .inputs = {some({2, 3}, 1)},
                .call = tape_gradient(log_softmax(), 0)},
               {.name = "no_columns", .inputs = {some({3, 0}, 1)}, .call = log_softmax()},
               {.name = "scalar",
                .inputs = {constant(1.0)},
                .call = log_softmax(),
                .error = {"InvalidArgumentError", "LogSoftmax: logits must have >= 1 dimension"}}});

}  // namespace
}  // namespace keen::test
