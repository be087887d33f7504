// Reductions and changes of shape of golden cases.
#include <stdexcept>

#include "kernels/argmax.h"
#include "kernels/broadcast_to.h"
#include "kernels/concat.h"
#include "kernels/gather.h"
#include "kernels/pad.h"
#include "kernels/reduce.h"
#include "kernels/reshape.h"
#include "kernels/scan.h"
#include "kernels/slice.h"
#include "kernels/transpose.h"
#include "tests/support/op_table.h"

namespace keen::test {
namespace {

using List = std::vector<Tensor>;
using Reduction = Tensor (*)(const Tensor&, const ReduceArgs&);

Axes axes_of(const nlohmann::json& axis) {
  if (axis.is_null()) return Axes::all();
  if (axis.is_number()) return {axis.get<std::int64_t>()};
  const auto list = axis.get<std::vector<std::int64_t>>();
  return {Ints(list)};
}

Shape shape_of(const OpArguments& in) {
  const auto dims = in.attr("shape").get<std::vector<std::int64_t>>();
  return Shape(dims);
}

template <Reduction kOp>
OpEntry reduction(Tolerance tolerance) {
  return {[](const OpArguments& in) {
            return List{kOp(in.input("x"), {.axis = axes_of(in.attr("axis")),
                                            .keepdims = in.attr("keepdims", false)})};
          },
          tolerance};
}

Ints ints_of(const nlohmann::json& values) { return Ints(values.get<std::vector<std::int64_t>>()); }

List argmax_of(const OpArguments& in) {
  return {argmax(in.input("x"), {.axis = in.attr("axis").get<std::int64_t>()})};
}

List argmin_of(const OpArguments& in) {
  return {argmin(in.input("x"), {.axis = in.attr("axis").get<std::int64_t>()})};
}

List split_of(const OpArguments& in) {
  const auto axis = in.attr("axis").get<std::int64_t>();
  if (in.has_attr("num")) return split(in.input("x"), in.attr("num").get<int>(), axis);
  return split(in.input("x"), in.attr("sizes").get<std::vector<std::int64_t>>(), axis);
}

List pad_of(const OpArguments& in) {
  if (in.attr<std::string>("mode", "CONSTANT") != "CONSTANT") {
    throw std::runtime_error("the reader does not know the mode " + in.attr("mode").dump());
  }
  return {pad(in.input("x"), in.attr("paddings").get<Paddings>(), in.attr("constant_values", 0.0))};
}

List slice_of(const OpArguments& in) {
  return {slice(in.input("x"), ints_of(in.attr("begin")), ints_of(in.attr("size")))};
}

// Indices come as Python wrote them.
List index_of(const OpArguments& in) {
  using Range = Index::Range;
  const Index all = Index::all();
  const Tensor& x = in.input("x");
  const auto index = in.attr("index").get<std::string>();
  if (index == "x[:, 1:3]") return {get_item(x, {all, Range{1, 3}})};
  if (index == "x[..., ::2]") return {get_item(x, {Index::ellipsis(), Range{.stride = 2}})};
  if (index == "x[1, :, -1]") return {get_item(x, {1, all, -1})};
  if (index == "x[::-1, :, 3:0:-2]") {
    return {get_item(x, {Range{.stride = -1}, all, Range{3, 0, -2}})};
  }
  if (index == "x[:, tf.newaxis, 0]") return {get_item(x, {all, Index::new_axis(), 0})};
  if (index == "x[1:1]") return {get_item(x, {Range{1, 1}})};
  if (index == "x[-5:, :, 2:100]") return {get_item(x, {Range{-5}, all, Range{2, 100}})};
  throw std::runtime_error("the reader does not know the index " + index);
}

List gather_of(const OpArguments& in) {
  return {gather(in.input("x"), in.input("i"), in.attr("axis").get<std::int64_t>())};
}

List one_hot_of(const OpArguments& in) {
  return {one_hot(in.input("i"), in.attr("depth").get<std::int64_t>(),
                  {.on_value = in.attr("on", 1.0),
                   .off_value = in.attr("off", 0.0),
                   .axis = in.attr("axis", std::int64_t{-1})})};
}

List segment_sum_of(const OpArguments& in) {
  return {unsorted_segment_sum(in.input("x"), in.input("i"),
                               in.attr("num_segments").get<std::int64_t>())};
}

}  // namespace

const OpTable& reductions_and_shapes() {
  static const OpTable table{
      {"reduce_all", reduction<reduce_all>(kExact)},
      {"reduce_any", reduction<reduce_any>(kExact)},
      {"reduce_max", reduction<reduce_max>(kExact)},
      {"reduce_mean", reduction<reduce_mean>(kContraction)},
      {"reduce_min", reduction<reduce_min>(kExact)},
      {"reduce_prod", reduction<reduce_prod>(kContraction)},
      {"reduce_sum", reduction<reduce_sum>(kContraction)},
      {"argmax", {argmax_of, kExact}},
      {"argmin", {argmin_of, kExact}},
      {"concat",
       {[](const OpArguments& in) {
          return List{concat({in.input("a"), in.input("b")}, in.attr("axis").get<std::int64_t>())};
        },
        kExact}},
      {"cumsum",
       {[](const OpArguments& in) {
          return List{cumsum(in.input("x"), {.axis = in.attr("axis").get<std::int64_t>()})};
        },
        kContraction}},
      {"gather", {gather_of, kExact}},
      {"one_hot", {one_hot_of, kExact}},
      {"pad", {pad_of, kExact}},
      {"slice", {slice_of, kExact}},
      {"split", {split_of, kExact}},
      {"stack",
       {[](const OpArguments& in) {
          return List{stack({in.input("a"), in.input("b")}, in.attr("axis").get<std::int64_t>())};
        },
        kExact}},
      {"strided_slice", {index_of, kExact}},
      {"tile",
       {[](const OpArguments& in) {
          return List{tile(in.input("x"), ints_of(in.attr("multiples")))};
        },
        kExact}},
      {"transpose",
       {[](const OpArguments& in) {
          return List{transpose(in.input("x"), ints_of(in.attr("perm")))};
        },
        kExact}},
      {"unsorted_segment_sum", {segment_sum_of, kContraction}},
      {"unstack",
       {[](const OpArguments& in) {
          return unstack(in.input("x"), in.attr("axis").get<std::int64_t>());
        },
        kExact}},
      {"broadcast_to",
       {[](const OpArguments& in) { return List{broadcast_to(in.input("x"), shape_of(in))}; },
        kExact}},
      {"expand_squeeze",
       {[](const OpArguments& in) { return List{squeeze(expand_dims(in.input("x"), 1), {1})}; },
        kExact}},
      {"reshape",
       {[](const OpArguments& in) { return List{reshape(in.input("x"), shape_of(in))}; }, kExact}},
  };
  return table;
}

}  // namespace keen::test
