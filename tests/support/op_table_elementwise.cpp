// Elementwise ops of golden cases.
#include "kernels/activations.h"
#include "kernels/elementwise.h"
#include "tests/support/op_table.h"

namespace keen::test {
namespace {

using List = std::vector<Tensor>;
using UnaryOp = Tensor (*)(const Tensor&);
using BinaryOp = Tensor (*)(const Tensor&, const Tensor&);

template <UnaryOp kOp>
OpEntry unary(Tolerance tolerance) {
  return {[](const OpArguments& in) { return List{kOp(in.input("x"))}; }, tolerance,
          kTranscendental};
}

template <BinaryOp kOp>
OpEntry binary(Tolerance tolerance) {
  return {[](const OpArguments& in) { return List{kOp(in.input("a"), in.input("b"))}; }, tolerance};
}

List cast_to(const OpArguments& in) {
  return {cast(in.input("x"), dtype_from_name(in.attr("to").get<std::string>()))};
}

List clip(const OpArguments& in) {
  return {clip_by_value(in.input("x"), in.attr("min").get<double>(), in.attr("max").get<double>())};
}

List choose(const OpArguments& in) { return {where(in.input("c"), in.input("a"), in.input("b"))}; }

}  // namespace

const OpTable& elementwise_ops() {
  static const OpTable table{
      {"abs", unary<abs>(kElementwise)},
      {"ceil", unary<ceil>(kElementwise)},
      {"cos", unary<cos>(kTranscendental)},
      {"erf", unary<erf>(kTranscendental)},
      {"exp", unary<exp>(kTranscendental)},
      {"expm1", unary<expm1>(kTranscendental)},
      {"floor", unary<floor>(kElementwise)},
      {"log", unary<log>(kTranscendental)},
      {"log1p", unary<log1p>(kTranscendental)},
      {"neg", unary<negative>(kElementwise)},
      {"reciprocal", unary<reciprocal>(kElementwise)},
      {"relu", unary<nn::relu>(kElementwise)},
      {"round", unary<round>(kElementwise)},
      {"rsqrt", unary<rsqrt>(kTranscendental)},
      {"sigmoid", unary<sigmoid>(kTranscendental)},
      {"sign", unary<sign>(kElementwise)},
      {"sin", unary<sin>(kTranscendental)},
      {"softplus", unary<nn::softplus>(kTranscendental)},
      {"sqrt", unary<sqrt>(kTranscendental)},
      {"square", unary<square>(kElementwise)},
      {"tanh", unary<tanh>(kTranscendental)},
      {"add", binary<add>(kElementwise)},
      {"div", binary<divide>(kElementwise)},
      {"div_no_nan", binary<divide_no_nan>(kElementwise)},
      {"equal", binary<equal>(kExact)},
      {"floordiv", binary<floordiv>(kExact)},
      {"floormod", binary<floormod>(kExact)},
      {"greater_equal", binary<greater_equal>(kExact)},
      {"less", binary<less>(kExact)},
      {"maximum", binary<maximum>(kElementwise)},
      {"minimum", binary<minimum>(kElementwise)},
      {"mul", binary<multiply>(kElementwise)},
      {"pow", binary<pow>(kTranscendental)},
      {"squared_difference", binary<squared_difference>(kElementwise)},
      {"sub", binary<subtract>(kElementwise)},
      {"truncatediv", binary<truncatediv>(kExact)},
      {"cast", {cast_to, kExact}},
      {"clip_by_value", {clip, kElementwise}},
      {"where", {choose, kExact}},
  };
  return table;
}

}  // namespace keen::test
