// Cases of ops that move elements.
#include <algorithm>
#include <string>
#include <vector>

#include "kernels/broadcast_to.h"
#include "kernels/concat.h"
#include "kernels/elementwise.h"
#include "kernels/pad.h"
#include "kernels/reshape.h"
#include "kernels/slice.h"
#include "kernels/transpose.h"
#include "tests/support/numeric_gradient.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

// 0, 1, 2, … of that shape.
Tensor count(const Shape& shape) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) values.push_back(static_cast<float>(i));
  return constant(values, shape);
}
Tensor matrix() { return constant({{0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}}); }
Tensor nothing() { return Tensor::from_vector(std::vector<float>(), {2, 0, 3}); }
Tensor words() { return constant(std::vector<std::string>{"a", "b"}); }

OpCall reshaped(const Shape& shape) {
  return [shape](const Tensor& x) { return reshape(x, shape); };
}
OpCall expanded(std::int64_t axis) {
  return [axis](const Tensor& x) { return expand_dims(x, axis); };
}
OpCall squeezed(const Ints& axis) {
  return [axis](const Tensor& x) { return squeeze(x, axis); };
}
OpCall broadcast(const Shape& shape) {
  return [shape](const Tensor& x) { return broadcast_to(x, shape); };
}
OpCall transposed(const Ints& perm) {
  return [perm](const Tensor& x) { return transpose(x, perm); };
}
OpCall sliced(const Ints& begin, const Ints& size) {
  return [begin, size](const Tensor& x) { return slice(x, begin, size); };
}
OpCall padded(const Paddings& paddings, double value = 0) {
  return [paddings, value](const Tensor& x) { return pad(x, paddings, value); };
}
OpCall joined(std::int64_t axis) {
  return [axis](const std::vector<Tensor>& list) { return concat(list, axis); };
}
OpCall divided(int num, std::int64_t axis) {
  return [num, axis](const Tensor& x) { return split(x, num, axis); };
}

KEEN_OP_CASES(
    "Reshape",
    {{.name = "open_dimension",
      .inputs = {matrix()},
      .call = reshaped({3, -1}),
      .outputs = {constant({{0.0, 1.0}, {2.0, 3.0}, {4.0, 5.0}})}},
     {.name = "text",
      .inputs = {words()},
      .call = reshaped({2, 1}),
      .outputs = {constant(std::vector<std::string>{"a", "b"}, {2, 1})}},
     {.name = "no_elements",
      .inputs = {nothing()},
      .call = reshaped({0, 5}),
      .outputs = {Tensor::from_vector(std::vector<float>(), {0, 5})}},
     {.name = "does_not_divide",
      .inputs = {matrix()},
      .call = reshaped({4, -1}),
      .error = {"InvalidArgumentError",
                "Input to reshape is a tensor with 6 values, but the requested shape requires a "
                "multiple of 4"}},
     {.name = "other_count",
      .inputs = {matrix()},
      .call = reshaped({4}),
      .error = {"InvalidArgumentError",
                "Input to reshape is a tensor with 6 values, but the requested shape has 4"}},
     {.name = "two_open",
      .inputs = {matrix()},
      .call = reshaped({-1, -1}),
      .error = {"InvalidArgumentError", "Only one input size may be -1, not both 0 and 1"}}});

KEEN_OP_CASES("ExpandDims", {{.name = "front",
                              .inputs = {matrix()},
                              .call = expanded(0),
                              .outputs = {constant({{{0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}}})}},
                             {.name = "back",
                              .inputs = {constant({1.0, 2.0})},
                              .call = expanded(-1),
                              .outputs = {constant({{1.0}, {2.0}})}},
                             {.name = "out_of_range",
                              .inputs = {matrix()},
                              .call = expanded(3),
                              .error = {"InvalidArgumentError",
                                        "Tried to expand dim index 3 for tensor with 2"}}});

KEEN_OP_CASES("Squeeze", {{.name = "all",
                           .inputs = {constant({{{1.0}, {2.0}}})},
                           .call = squeezed({}),
                           .outputs = {constant({1.0, 2.0})}},
                          {.name = "one",
                           .inputs = {constant({{{1.0}, {2.0}}})},
                           .call = squeezed({-1}),
                           .outputs = {constant({{1.0, 2.0}})}},
                          {.name = "not_one",
                           .inputs = {matrix()},
                           .call = squeezed({1}),
                           .error = {"InvalidArgumentError",
                                     "Can not squeeze dim[1], expected a dimension of 1, got 3"}}});

KEEN_OP_CASES("BroadcastTo",
              {{.name = "row",
                .inputs = {constant({1.0, 2.0})},
                .call = broadcast({3, 2}),
                .outputs = {constant({{1.0, 2.0}, {1.0, 2.0}, {1.0, 2.0}})}},
               {.name = "column",
                .inputs = {constant({{1.0}, {2.0}})},
                .call = broadcast({2, 2, 3}),
                .outputs = {constant({{{1.0, 1.0, 1.0}, {2.0, 2.0, 2.0}},
                                      {{1.0, 1.0, 1.0}, {2.0, 2.0, 2.0}}})}},
               {.name = "no_elements",
                .inputs = {constant({{1.0}})},
                .call = broadcast({2, 0}),
                .outputs = {Tensor::from_vector(std::vector<float>(), {2, 0})}},
               {.name = "does_not_fit",
                .inputs = {matrix()},
                .call = broadcast({2, 4}),
                .error = {"InvalidArgumentError", "Incompatible shapes: [2,3] vs. [2,4]"}}});

// All permutations of a rank beyond what is merged, against index arithmetic.
const OpCases kPermutations("Transpose", [] {
  std::vector<OpCase> list;
  const Shape shape({2, 19, 3, 17});
  const std::vector<float> values = count(shape).to_vector<float>();
  std::vector<int> perm{0, 1, 2, 3};
  do {
    Shape result;
    std::string name = "perm";
    Ints axes;
    for (const int axis : perm) {
      result.push_back(shape.dim(axis));
      name += std::to_string(axis);
      axes.push_back(axis);
    }
    std::vector<float> expected;
    for (std::int64_t at = 0; at < result.num_elements(); ++at) {
      std::int64_t index[4] = {};
      std::int64_t rest = at;
      for (int i = 3; i >= 0; --i) {
        index[perm[static_cast<std::size_t>(i)]] = rest % result.dim(i);
        rest /= result.dim(i);
      }
      const std::int64_t from = ((index[0] * 19 + index[1]) * 3 + index[2]) * 17 + index[3];
      expected.push_back(values[static_cast<std::size_t>(from)]);
    }
    list.push_back({.name = name,
                    .inputs = {count(shape)},
                    .call = transposed(axes),
                    .outputs = {constant(expected, result)},
                    .tolerance = kExact,
                    .gradient = GradientCheck::kNone});
  } while (std::next_permutation(perm.begin(), perm.end()));
  return list;
});

KEEN_OP_CASES("Transpose",
              {{.name = "matrix",
                .inputs = {matrix()},
                .call = transposed({}),
                .outputs = {constant({{0.0, 3.0}, {1.0, 4.0}, {2.0, 5.0}})}},
               {.name = "gradient", .inputs = {count({2, 3, 4})}, .call = transposed({2, 0, 1})},
               {.name = "of_bool",
                .inputs = {constant({{true, false}, {true, true}})},
                .call = transposed({1, 0}),
                .outputs = {constant({{true, true}, {false, true}})}},
               {.name = "of_int64",
                .inputs = {constant({{1, 2}, {3, 4}}, {.dtype = int64})},
                .call = transposed({-1, 0}),
                .outputs = {constant({{1, 3}, {2, 4}}, {.dtype = int64})}},
               {.name = "scalar",
                .inputs = {constant(1.0)},
                .call = transposed({}),
                .outputs = {constant(1.0)}},
               {.name = "no_elements",
                .inputs = {nothing()},
                .call = transposed({1, 2, 0}),
                .outputs = {Tensor::from_vector(std::vector<float>(), {0, 3, 2})}},
               {.name = "twice_the_same",
                .inputs = {matrix()},
                .call = transposed({1, 1}),
                .error = {"InvalidArgumentError", "[1, 1] is no permutation"}},
               {.name = "too_few",
                .inputs = {count({2, 3, 4})},
                .call = transposed({1, 0}),
                .error = {"InvalidArgumentError", "transpose expects a vector of size 3"}}});

using Range = Index::Range;

KEEN_OP_CASES("StridedSlice",
              {{.name = "slice",
                .inputs = {matrix()},
                .call = sliced({0, 1}, {-1, 2}),
                .outputs = {constant({{1.0, 2.0}, {4.0, 5.0}})}},
               {.name = "number",
                .inputs = {matrix()},
                .call = [](const Tensor& x) { return get_item(x, {1}); },
                .outputs = {constant({3.0, 4.0, 5.0})}},
               {.name = "numbers",
                .inputs = {matrix()},
                .call =
                    [](const Tensor& x) {
                      return get_item(x, {-1, -2});
                    },
                .outputs = {constant(4.0)}},
               {.name = "backwards",
                .inputs = {matrix()},
                .call =
                    [](const Tensor& x) {
                      return get_item(x, {Index::all(), Range{.stride = -2}});
                    },
                .outputs = {constant({{2.0, 0.0}, {5.0, 3.0}})}},
               {.name = "beyond_the_ends",
                .inputs = {matrix()},
                .call =
                    [](const Tensor& x) {
                      return get_item(x, {Range{.begin = -5}, Range{.begin = 1, .end = 100}});
                    },
                .outputs = {constant({{1.0, 2.0}, {4.0, 5.0}})}},
               {.name = "ellipsis_and_new_axis",
                .inputs = {matrix()},
                .call =
                    [](const Tensor& x) {
                      return get_item(x, {Index::ellipsis(), Index::new_axis(), 0});
                    },
                .outputs = {constant({{0.0}, {3.0}})}},
               {.name = "nothing",
                .inputs = {matrix()},
                .call = [](const Tensor& x) { return get_item(x, {Range{.begin = 1, .end = 1}}); },
                .outputs = {Tensor::from_vector(std::vector<float>(), {0, 3})}},
               {.name = "out_of_bounds",
                .inputs = {matrix()},
                .call = [](const Tensor& x) { return get_item(x, {2}); },
                .error = {"InvalidArgumentError", "slice index 2 of dimension 0 out of bounds."}},
               {.name = "too_many",
                .inputs = {matrix()},
                .call =
                    [](const Tensor& x) {
                      return get_item(x, {0, 0, 0});
                    },
                .error = {"ValueError",
                          "Index out of range using input dim 2; input has only 2 dims"}},
               {.name = "stride_of_zero",
                .inputs = {matrix()},
                .call = [](const Tensor& x) { return get_item(x, {Range{.stride = 0}}); },
                .error = {"ValueError", "strides must be non-zero"}},
               {.name = "slice_beyond_the_end",
                .inputs = {matrix()},
                .call = sliced({0, 1}, {1, 3}),
                .error = {"InvalidArgumentError", "Expected size[1] in [0, 2], but got 3"}}});

KEEN_OP_CASES("StridedSliceGrad",
              {{.name = "second",
                .inputs = {matrix()},
                .call = tape_gradient(
                    [](const Tensor& x) {
                      return square(get_item(x, {Index::all(), Range{.stride = -2}}));
                    },
                    0)}});

KEEN_OP_CASES("ConcatV2",
              {{.name = "rows",
                .inputs = {matrix(), constant({{6.0, 7.0, 8.0}})},
                .call = joined(0),
                .outputs = {constant({{0.0, 1.0, 2.0}, {3.0, 4.0, 5.0}, {6.0, 7.0, 8.0}})}},
               {.name = "columns",
                .inputs = {matrix(), constant({{6.0}, {7.0}}), matrix()},
                .call = joined(-1),
                .outputs = {constant({{0.0, 1.0, 2.0, 6.0, 0.0, 1.0, 2.0},
                                      {3.0, 4.0, 5.0, 7.0, 3.0, 4.0, 5.0}})}},
               {.name = "with_nothing",
                .inputs = {matrix(), Tensor::from_vector(std::vector<float>(), {2, 0})},
                .call = joined(1),
                .outputs = {matrix()}},
               {.name = "stack",
                .inputs = {constant({1.0, 2.0}), constant({3.0, 4.0})},
                .call =
                    [](const Tensor& x, const Tensor& y) {
                      return stack({x, y}, -1);
                    },
                .outputs = {constant({{1.0, 3.0}, {2.0, 4.0}})}},
               {.name = "does_not_fit",
                .inputs = {matrix(), constant({{6.0, 7.0}})},
                .call = joined(0),
                .error = {"InvalidArgumentError",
                          "Dimension of inputs should match: shape[0] = [2,3] vs. "
                          "shape[1] = [1,2]"}},
               {.name = "axis_out_of_range",
                .inputs = {matrix(), matrix()},
                .call = joined(2),
                .error = {"InvalidArgumentError", "ConcatV2: axis 2 is out of range [-2, 2)"}}});

KEEN_OP_CASES(
    "Split", {{.name = "columns",
               .inputs = {constant({{0.0, 1.0, 2.0, 3.0}, {4.0, 5.0, 6.0, 7.0}})},
               .call = divided(2, 1),
               .outputs = {constant({{0.0, 1.0}, {4.0, 5.0}}), constant({{2.0, 3.0}, {6.0, 7.0}})}},
              {.name = "many", .inputs = {count({6, 2})}, .call = divided(6, 0)},
              {.name = "unstack",
               .inputs = {matrix()},
               .call = [](const Tensor& x) { return unstack(x, 1); },
               .outputs = {constant({0.0, 3.0}), constant({1.0, 4.0}), constant({2.0, 5.0})}},
              {.name = "uneven",
               .inputs = {matrix()},
               .call = divided(2, 1),
               .error = {"InvalidArgumentError",
                         "Number of ways to split should evenly divide the split dimension, but "
                         "got split_dim 1 (size = 3) and num_split 2"}}});

KEEN_OP_CASES("PadV2", {{.name = "around",
                         .inputs = {constant({{1.0, 2.0}})},
                         .call = padded({{1, 0}, {0, 2}}, 7),
                         .outputs = {constant({{7.0, 7.0, 7.0, 7.0}, {1.0, 2.0, 7.0, 7.0}})}},
                        {.name = "integers",
                         .inputs = {constant({1, 2})},
                         .call = padded({{2, 1}}),
                         .outputs = {constant({0, 0, 1, 2, 0})}},
                        {.name = "no_elements",
                         .inputs = {Tensor::from_vector(std::vector<float>(), {0})},
                         .call = padded({{1, 1}}),
                         .outputs = {constant({0.0, 0.0})}},
                        {.name = "negative",
                         .inputs = {constant({1.0})},
                         .call = padded({{-1, 0}}),
                         .error = {"InvalidArgumentError", "Paddings must be non-negative: -1 0"}},
                        {.name = "wrong_rank",
                         .inputs = {constant({1.0})},
                         .call = padded({{1, 0}, {1, 0}}),
                         .error = {"InvalidArgumentError",
                                   "The first dimension of paddings must be the rank of inputs"}}});

}  // namespace
}  // namespace keen::test
