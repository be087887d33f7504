#include "kernels/softmax_cross_entropy.h"

#include <gtest/gtest.h>

#include "kernels/softmax.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

Tensor some(const Shape& shape, std::uint64_t seed) { return arbitrary({float32, shape}, seed); }

// Rows that add up to one along `axis`, as labels must for the gradient of the logits to be theirs.
Tensor shares(const Shape& shape, int axis = -1) {
  return nn::softmax(some(shape, 1), {.axis = axis});
}

OpCall dense(int axis = -1) {
  return [axis](const Tensor& labels, const Tensor& logits) {
    return nn::softmax_cross_entropy_with_logits(labels, logits, {.axis = axis});
  };
}

OpCall sparse() {
  return [](const Tensor& labels, const Tensor& logits) {
    return nn::sparse_softmax_cross_entropy_with_logits(labels, logits);
  };
}

const Tensor kLogits = constant({{0.0, 1.0, 2.0}, {2.0, 1.0, 0.0}});
// log(1 + e + e^2) less 2, less 0.
constexpr float kLow = 0.40760595F;
constexpr float kHigh = 2.4076059F;

KEEN_OP_CASES(
    "SoftmaxCrossEntropyWithLogits",
    {{.name = "one_hot",
      .inputs = {constant({{0.0, 0.0, 1.0}, {0.0, 0.0, 1.0}}), kLogits},
      .call = dense(),
      .outputs = {constant({kLow, kHigh})},
      .tolerance = kTranscendental},
     {.name = "any_labels", .inputs = {shares({4, 5}), some({4, 5}, 2)}, .call = dense()},
     {.name = "images", .inputs = {shares({2, 2, 3, 4}), some({2, 2, 3, 4}, 2)}, .call = dense()},
     {.name = "classes_first", .inputs = {shares({4, 3}, 0), some({4, 3}, 2)}, .call = dense(0)},
     {.name = "broadcast_labels", .inputs = {shares({1, 4}), some({3, 4}, 2)}, .call = dense()},
     {.name = "second_gradient_of_labels",
      .inputs = {some({2, 3}, 1), some({2, 3}, 2)},
      .call = tape_gradient(dense(), 0)},
     {.name = "second_gradient_of_logits",
      .inputs = {some({2, 3}, 1), some({2, 3}, 2)},
      .call = tape_gradient(dense(), 1)},
     {.name = "no_rows", .inputs = {some({0, 3}, 1), some({0, 3}, 2)}, .call = dense()},
     {.name = "no_classes", .inputs = {some({3, 0}, 1), some({3, 0}, 2)}, .call = dense()},
     {.name = "shapes_that_do_not_fit",
      .inputs = {some({2, 3}, 1), some({2, 4}, 2)},
      .call = dense(),
      .error = {"InvalidArgumentError",
                "logits and labels must be broadcastable: logits_size=[2,4] labels_size=[2,3]"}},
     {.name = "axis_out_of_range",
      .inputs = {some({2, 3}, 1), some({2, 3}, 2)},
      .call = dense(-3),
      .error = {"InvalidArgumentError", "axis -3 is not in the range [-2, 2)"}}});

KEEN_OP_CASES(
    "SparseSoftmaxCrossEntropyWithLogits",
    {{.name = "rows",
      .inputs = {constant({2, 2}), kLogits},
      .call = sparse(),
      .outputs = {constant({kLow, kHigh})},
      .tolerance = kTranscendental},
     {.name = "long_labels",
      .inputs = {Tensor::from_vector<std::int64_t>({0, 1}), kLogits},
      .call = sparse()},
     {.name = "images",
      .inputs = {constant({{0, 3, 1}, {2, 2, 0}}), some({2, 3, 4}, 2)},
      .call = sparse()},
     {.name = "vector_of_logits", .inputs = {constant(1), some({3}, 1)}, .call = sparse()},
     {.name = "second_gradient",
      .inputs = {constant({2, 0}), some({2, 3}, 1)},
      .call = tape_gradient(sparse(), 1)},
     {.name = "no_rows",
      .inputs = {Tensor::from_vector<std::int32_t>({}), some({0, 3}, 1)},
      .call = sparse()},
     {.name = "no_classes",
      .inputs = {constant({1, 2}), some({2, 0}, 1)},
      .call = sparse(),
      .error = {"InvalidArgumentError",
                "Must have at least one class, but got logits shape [2,0]"}},
     {.name = "label_too_large",
      .inputs = {constant({1, 7}), some({2, 2}, 1)},
      .call = sparse(),
      .error = {"InvalidArgumentError",
                "Received a label value of 7 which is outside the valid range of [0, 2).  Label "
                "values: 1 7"},
      .cpu_only = true},  // a GPU answers nan: it can't look at values without waiting
     {.name = "label_below_zero",
      .inputs = {constant({1, 7, -1}), some({3, 4}, 1)},
      .call = sparse(),
      .error = {"InvalidArgumentError", "Received a label value of -1"},
      .cpu_only = true},
     {.name = "number_of_labels",
      .inputs = {constant({1, 2}), some({3, 4}, 1)},
      .call = sparse(),
      .error = {"ValueError", "`labels.shape` must equal `logits.shape` except for the last"}},
     {.name = "rank_of_labels",
      .inputs = {constant({{1}, {2}}), some({2, 4}, 1)},
      .call = sparse(),
      .error = {"ValueError", "`labels.shape.rank` must equal `logits.shape.rank - 1`"}},
     {.name = "labels_of_float",
      .inputs = {constant({1.0, 2.0}), some({2, 4}, 1)},
      .call = sparse(),
      .error = {"InvalidArgumentError", "input 'labels' is float32(2,)"}}});

}  // namespace
}  // namespace keen::test
