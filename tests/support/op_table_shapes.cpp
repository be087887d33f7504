// Reductions and changes of shape of golden cases.
#include "kernels/broadcast_to.h"
#include "kernels/reduce.h"
#include "kernels/reshape.h"
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

}  // namespace

const OpTable& reductions_and_shapes() {
  static const OpTable table{
      {"reduce_all", reduction<reduce_all>(kExact)},
      {"reduce_any", reduction<reduce_any>(kExact)},
      {"reduce_max", reduction<reduce_max>(kExact)},
      {"reduce_mean", reduction<reduce_mean>(kContraction)},
      {"reduce_min", reduction<reduce_min>(kExact)},
      {"reduce_sum", reduction<reduce_sum>(kContraction)},
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
