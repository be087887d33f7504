// Cases of ops that find elements by their places, and of running sums and products.
#include "kernels/gather.h"

#include <vector>

#include "kernels/reduce.h"
#include "kernels/scan.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

Tensor rows() { return constant({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}); }
Tensor places() { return constant({{2, 0}, {2, 1}}); }

OpCall gathered(std::int64_t axis) {
  return [axis](const Tensor& x, const Tensor& i) { return gather(x, i, axis); };
}
OpCall hot(std::int64_t depth, const OneHotArgs& args = {}) {
  return [depth, args](const Tensor& i) { return one_hot(i, depth, args); };
}
OpCall summed(std::int64_t segments) {
  return [segments](const Tensor& x, const Tensor& ids) {
    return unsorted_segment_sum(x, ids, segments);
  };
}
OpCall scanned(Tensor (*op)(const Tensor&, const ScanArgs&), const ScanArgs& args) {
  return [op, args](const Tensor& x) { return op(x, args); };
}
OpCall product(const ReduceArgs& args) {
  return [args](const Tensor& x) { return reduce_prod(x, args); };
}

KEEN_OP_CASES("GatherV2",
              {{.name = "rows",
                .inputs = {rows(), places()},
                .call = gathered(0),
                .outputs = {constant({{{5.0, 6.0}, {1.0, 2.0}}, {{5.0, 6.0}, {3.0, 4.0}}})}},
               {.name = "columns",
                .inputs = {rows(), constant({1, 1, 0}, {.dtype = int64})},
                .call = gathered(-1),
                .outputs = {constant({{2.0, 2.0, 1.0}, {4.0, 4.0, 3.0}, {6.0, 6.0, 5.0}})}},
               {.name = "scalar_index",
                .inputs = {rows(), constant(1)},
                .call = gathered(0),
                .outputs = {constant({3.0, 4.0})}},
               {.name = "no_indices",
                .inputs = {rows(), Tensor::from_vector(std::vector<std::int32_t>(), {0})},
                .call = gathered(0),
                .outputs = {Tensor::from_vector(std::vector<float>(), {0, 2})}},
               {.name = "of_bool",
                .inputs = {constant({true, false}), constant({1, 1, 0})},
                .call = gathered(0),
                .outputs = {constant({false, false, true})}},
               {.name = "out_of_range",
                .inputs = {rows(), constant({5})},
                .call = gathered(0),
                .error = {"InvalidArgumentError", "indices[0] = 5 is not in [0, 3)"},
                .cpu_only = true},  // zeros on GPUs: indices are not read on the host
               {.name = "axis_out_of_range",
                .inputs = {rows(), constant({0})},
                .call = gathered(2),
                .error = {"InvalidArgumentError", "GatherV2: axis 2 is out of range [-2, 2)"}}});

KEEN_OP_CASES(
    "OneHot",
    {{.name = "last",
      .inputs = {constant({1, 0, -1, 3})},
      .call = hot(3),
      .outputs = {constant({{0.0, 1.0, 0.0}, {1.0, 0.0, 0.0}, {0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}})}},
     {.name = "first",
      .inputs = {constant({{1, 0}}, {.dtype = int64})},
      .call = hot(2, {.on_value = 5, .off_value = -1, .axis = 0, .dtype = int32}),
      .outputs = {constant({{{-1, 5}}, {{5, -1}}})}},
     {.name = "negative_depth",
      .inputs = {constant({1})},
      .call = hot(-1),
      .error = {"InvalidArgumentError", "depth must be non-negative, got: -1"}}});

KEEN_OP_CASES("UnsortedSegmentSum",
              {{.name = "rows",
                .inputs = {rows(), constant({1, -1, 1})},
                .call = summed(3),
                .outputs = {constant({{0.0, 0.0}, {6.0, 8.0}, {0.0, 0.0}})}},
               {.name = "two_dimensions",
                .inputs = {rows(), constant({{0, 1}, {1, 1}, {0, 0}})},
                .call = summed(2),
                .outputs = {constant({12.0, 9.0})}},
               {.name = "out_of_range",
                .inputs = {rows(), constant({1, 3, 1})},
                .call = summed(3),
                .error = {"InvalidArgumentError", "segment_ids[1] = 3 is out of range [0, 3)"},
                .cpu_only = true},  // left out on GPUs
               {.name = "shapes_that_do_not_fit",
                .inputs = {rows(), constant({1, 3})},
                .call = summed(3),
                .error = {"InvalidArgumentError",
                          "data.shape = [3,2] does not start with segment_ids.shape = [2]"}}});

KEEN_OP_CASES("Cumsum", {{.name = "rows",
                          .inputs = {rows()},
                          .call = scanned(cumsum, {.axis = 1}),
                          .outputs = {constant({{1.0, 3.0}, {3.0, 7.0}, {5.0, 11.0}})}},
                         {.name = "exclusive_from_the_end",
                          .inputs = {rows()},
                          .call = scanned(cumsum, {.exclusive = true, .reverse = true}),
                          .outputs = {constant({{8.0, 10.0}, {5.0, 6.0}, {0.0, 0.0}})}},
                         {.name = "no_elements",
                          .inputs = {Tensor::from_vector(std::vector<float>(), {2, 0})},
                          .call = scanned(cumsum, {}),
                          .outputs = {Tensor::from_vector(std::vector<float>(), {2, 0})}},
                         {.name = "axis_out_of_range",
                          .inputs = {rows()},
                          .call = scanned(cumsum, {.axis = 2}),
                          .error = {"InvalidArgumentError", "Cumsum: axis 2 is out of range"}}});

KEEN_OP_CASES("Cumprod", {{.name = "columns",
                           .inputs = {rows()},
                           .call = scanned(cumprod, {}),
                           .outputs = {constant({{1.0, 2.0}, {3.0, 8.0}, {15.0, 48.0}})}},
                          {.name = "exclusive",
                           .inputs = {rows()},
                           .call = scanned(cumprod, {.axis = -1, .exclusive = true}),
                           .outputs = {constant({{1.0, 1.0}, {1.0, 3.0}, {1.0, 5.0}})}}});

KEEN_OP_CASES(
    "Prod", {{.name = "all", .inputs = {rows()}, .call = product({}), .outputs = {constant(720.0)}},
             {.name = "columns",
              .inputs = {rows()},
              .call = product({.axis = 0, .keepdims = true}),
              .outputs = {constant({{15.0, 48.0}})}},
             {.name = "outer_axes",
              .inputs = {constant({{{1.0, 2.0}, {3.0, 4.0}}, {{0.5, 2.0}, {1.5, 2.5}}})},
              .call = product({.axis = {0, 2}}),
              .outputs = {constant({2.0, 45.0})}},
             {.name = "zeros",
              .inputs = {constant({{0.0, 2.0, 3.0}, {0.0, 0.0, 3.0}})},
              .call = product({.axis = 1}),
              .outputs = {constant({0.0, 0.0})},
              .cotangents = {constant({1.0, 1.0})},
              .gradients = {constant({{6.0, 0.0, 0.0}, {0.0, 0.0, 0.0}})}},
             {.name = "no_elements",
              .inputs = {Tensor::from_vector(std::vector<float>(), {2, 0})},
              .call = product({.axis = 1}),
              .outputs = {constant({1.0, 1.0})}}});

}  // namespace
}  // namespace keen::test
