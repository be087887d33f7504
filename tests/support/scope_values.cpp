#include "tests/support/scope_values.h"

#include <map>
#include <stdexcept>

#include "runtime/tensor/constant.h"
#include "shim/compat/v1/layers/convolutional.h"
#include "shim/compat/v1/layers/core.h"
#include "shim/compat/v1/layers/normalization.h"
#include "shim/compat/v1/layers/pooling.h"
#include "tests/support/golden.h"

namespace keen::test {
namespace {

using nlohmann::json;
namespace v1 = compat::v1;
namespace layers = compat::v1::layers;

[[noreturn]] void unknown(const char* what, const json& word) {
  throw std::runtime_error(std::string("the reader does not know the ") + what + " " + word.dump());
}

// The arguments that layers with weights share.
template <class Args>
Args weight_args(const json& args) {
  Args result{.use_bias = args.value("use_bias", true), .trainable = args.value("trainable", true)};
  if (args.contains("kernel_initializer")) {
    result.kernel_initializer = initializer_of(args.at("kernel_initializer"));
  }
  if (args.contains("bias_initializer")) {
    result.bias_initializer = initializer_of(args.at("bias_initializer"));
  }
  if (args.contains("kernel_regularizer")) {
    result.kernel_regularizer = regularizer_of(args.at("kernel_regularizer"));
  }
  if (args.contains("bias_regularizer")) {
    result.bias_regularizer = regularizer_of(args.at("bias_regularizer"));
  }
  if (args.contains("name")) result.name = args.at("name").get<std::string>();
  if (args.contains("reuse")) result.reuse = reuse_of(args.at("reuse"));
  return result;
}

void check_weight_fields(const json& args, std::initializer_list<const char*> own) {
  json rest = args;
  for (const char* name : own) rest.erase(name);
  check_fields("layer", rest,
               {"use_bias", "trainable", "kernel_initializer", "bias_initializer",
                "kernel_regularizer", "bias_regularizer", "name", "reuse"});
}

layers::Conv2D conv2d_of(const json& args) {
  check_weight_fields(args, {"filters", "kernel_size"});
  return {args.at("filters").get<std::int64_t>(), args.at("kernel_size").get<int>(),
          weight_args<layers::Conv2DArgs>(args)};
}

layers::Dense dense_of(const json& args) {
  check_weight_fields(args, {"units"});
  return layers::Dense(args.at("units").get<std::int64_t>(), weight_args<layers::DenseArgs>(args));
}

Tensor normalize(const Tensor& input, const json& args) {
  check_fields("batch_normalization", args, {"training", "trainable", "scale", "center"});
  return layers::batch_normalization(input, {.center = args.value("center", true),
                                             .scale = args.value("scale", true),
                                             .training = args.value("training", false),
                                             .trainable = args.value("trainable", true)});
}

template <Tensor (*kPool)(const Tensor&, const layers::IntPair&, const layers::IntPair&,
                          const layers::Pooling2DArgs&)>
Tensor pool(const Tensor& input, const json& args) {
  check_fields("pooling", args, {"pool_size", "strides"});
  return kPool(input, args.at("pool_size").get<int>(), args.at("strides").get<int>(), {});
}

}  // namespace

v1::Reuse reuse_of(const json& word) {
  static const std::map<std::string, v1::Reuse> words{
      {"true", true}, {"false", false}, {"none", None}, {"auto", v1::AUTO_REUSE}};
  const auto found = words.find(word.get<std::string>());
  if (found == words.end()) unknown("reuse", word);
  return found->second;
}

const char* reuse_text(v1::Reuse reuse) {
  if (reuse == v1::AUTO_REUSE) return "auto";
  return reuse ? "true" : "false";
}

v1::Initializer initializer_of(const json& spec) {
  check_fields("initializer", spec, {"kind", "value"});
  const auto kind = spec.at("kind").get<std::string>();
  if (kind == "zeros") return v1::zeros_initializer();
  if (kind == "ones") return v1::ones_initializer();
  if (kind == "glorot_uniform") return v1::glorot_uniform_initializer();
  if (kind == "random_normal") return v1::random_normal_initializer();
  if (kind == "constant") return v1::constant_initializer(spec.at("value").get<double>());
  if (kind == "value") {
    return Tensor::from_vector(spec.at("value").get<std::vector<float>>());
  }
  unknown("initializer", spec);
}

v1::Regularizer regularizer_of(const json& spec) {
  check_fields("regularizer", spec, {"kind", "scale"});
  const auto kind = spec.at("kind").get<std::string>();
  if (kind == "l1") return keras::regularizers::L1(spec.at("scale").get<double>());
  if (kind == "l2") return keras::regularizers::L2(spec.at("scale").get<double>());
  if (kind == "none_loss") return v1::Regularizer([](const Tensor&) { return Tensor(); });
  unknown("regularizer", spec);
}

std::vector<std::int64_t> dims_of(const Shape& shape) {
  return {shape.dims().begin(), shape.dims().end()};
}

Tensor call_layer_function(const std::string& kind, const Tensor& input, const json& args) {
  if (kind == "dense") {
    check_weight_fields(args, {"units"});
    return layers::dense(input, args.at("units").get<std::int64_t>(),
                         weight_args<layers::DenseArgs>(args));
  }
  if (kind == "conv2d") {
    check_weight_fields(args, {"filters", "kernel_size"});
    return layers::conv2d(input, args.at("filters").get<std::int64_t>(),
                          args.at("kernel_size").get<int>(), weight_args<layers::Conv2DArgs>(args));
  }
  if (kind == "batch_normalization") return normalize(input, args);
  if (kind == "max_pooling2d") return pool<layers::max_pooling2d>(input, args);
  if (kind == "average_pooling2d") return pool<layers::average_pooling2d>(input, args);
  if (kind == "dropout") {
    check_fields("dropout", args, {"rate"});
    return layers::dropout(input, {.rate = args.at("rate").get<double>()});
  }
  if (kind == "flatten") {
    check_fields("flatten", args, {});
    return layers::flatten(input);
  }
  unknown("layer", kind);
}

std::shared_ptr<layers::Layer> make_layer_object(const std::string& kind, const json& args) {
  if (kind == "Dense") return std::make_shared<layers::Dense>(dense_of(args));
  if (kind == "Conv2D") return std::make_shared<layers::Conv2D>(conv2d_of(args));
  unknown("layer", kind);
}

}  // namespace keen::test
