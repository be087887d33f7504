// Convolutions, products, pools, normalization and losses of golden cases.
#include <array>
#include <stdexcept>

#include "kernels/batch_norm.h"
#include "kernels/bias_add.h"
#include "kernels/conv2d.h"
#include "kernels/l2_loss.h"
#include "kernels/matmul.h"
#include "kernels/pool.h"
#include "kernels/softmax.h"
#include "kernels/softmax_cross_entropy.h"
#include "runtime/op/execute.h"
#include "tests/support/op_table.h"

namespace keen::test {
namespace {

using List = std::vector<Tensor>;
using nlohmann::json;

// A number for both directions, or one for each.
std::array<int, 2> pair_of(const json& value) {
  if (value.is_number()) return {value.get<int>(), value.get<int>()};
  return value.get<std::array<int, 2>>();
}

Padding padding_of(const json& value) {
  if (value == "SAME") return Padding::kSame;
  if (value == "VALID") return Padding::kValid;
  if (value.is_array()) return Padding::kExplicit;
  throw std::runtime_error("the reader does not know the padding " + value.dump());
}

DataFormat format_of(const OpArguments& in) {
  const auto name = in.attr<std::string>("data_format", "NHWC");
  if (name == "NHWC") return DataFormat::kNHWC;
  if (name == "NCHW") return DataFormat::kNCHW;
  throw std::runtime_error("the reader does not know the data_format " + name);
}

// Of the list of four pairs that TensorFlow takes: top, bottom, left, right.
std::array<int, 4> explicit_paddings_of(const json& padding) {
  if (!padding.is_array()) return {};
  const auto pairs = padding.get<std::array<std::array<int, 2>, 4>>();
  return {pairs[1][0], pairs[1][1], pairs[2][0], pairs[2][1]};
}

List convolve(const OpArguments& in) {
  const json& padding = in.attr("padding");
  const json& dilations = in.attr("dilations");
  Conv2DArgs args{.strides = pair_of(in.attr("strides")),
                  .padding = padding_of(padding),
                  .explicit_paddings = explicit_paddings_of(padding)};
  if (!dilations.is_null()) args.dilations = pair_of(dilations);
  // The number of groups follows from the channels.
  if (in.attr<std::int64_t>("groups", 1) * in.input("w").shape()[2] != in.input("x").shape()[3]) {
    throw std::runtime_error("the channels do not make that many groups");
  }
  return {nn::conv2d(in.input("x"), in.input("w"), args)};
}

List multiply_matrices(const OpArguments& in) {
  return {matmul(in.input("a"), in.input("b"),
                 {.transpose_a = in.attr("transpose_a", false),
                  .transpose_b = in.attr("transpose_b", false)})};
}

template <Tensor (*kOp)(const Tensor&, const Pool2DArgs&)>
List pool(const OpArguments& in) {
  return {kOp(in.input("x"), {.ksize = pair_of(in.attr("ksize")),
                              .strides = pair_of(in.attr("strides")),
                              .padding = padding_of(in.attr("padding"))})};
}

// The row itself: golden cases hold the outputs that the function does not hand out.
List fused_batch_norm(const OpArguments& in) {
  const bool training = in.attr("is_training").get<bool>();
  const FusedBatchNormArgs args{.epsilon = in.attr("epsilon").get<float>(),
                                .is_training = training,
                                .exponential_avg_factor = in.attr("exponential_avg_factor", 1.0F)};
  const op::Outputs outputs = op::execute(op::kFusedBatchNormV3,
                                          {in.input("x"), in.input("scale"), in.input("offset"),
                                           in.input("mean"), in.input("variance")},
                                          args);
  // In inference TensorFlow's list is y alone.
  return {outputs.begin(), training ? outputs.begin() + outputs.size() : outputs.begin() + 1};
}

}  // namespace

const OpTable& network_ops() {
  static const OpTable table{
      {"FusedBatchNormV3", {fused_batch_norm, kContraction, kGradients}},
      {"avg_pool2d", {pool<nn::avg_pool2d>, kContraction}},
      {"bias_add",
       {[](const OpArguments& in) {
          return List{
              nn::bias_add(in.input("value"), in.input("bias"), {.data_format = format_of(in)})};
        },
        kElementwise}},
      {"conv2d", {convolve, kContraction}},
      {"l2_loss",
       {[](const OpArguments& in) { return List{nn::l2_loss(in.input("t"))}; }, kContraction}},
      {"log_softmax",
       {[](const OpArguments& in) {
          return List{nn::log_softmax(in.input("logits"), {.axis = in.attr("axis").get<int>()})};
        },
        kContraction}},
      {"matmul", {multiply_matrices, kContraction}},
      {"max_pool2d", {pool<nn::max_pool2d>, kExact}},
      {"softmax",
       {[](const OpArguments& in) {
          return List{nn::softmax(in.input("logits"), {.axis = in.attr("axis").get<int>()})};
        },
        kContraction}},
      {"softmax_cross_entropy_with_logits",
       {[](const OpArguments& in) {
          return List{
              nn::softmax_cross_entropy_with_logits(in.input("labels"), in.input("logits"))};
        },
        kContraction}},
      {"sparse_softmax_cross_entropy_with_logits",
       {[](const OpArguments& in) {
          return List{
              nn::sparse_softmax_cross_entropy_with_logits(in.input("labels"), in.input("logits"))};
        },
        kContraction}},
  };
  return table;
}

}  // namespace keen::test
