#include "shim/compat/v1/layers/core.h"

#include "kernels/fused_matmul.h"
#include "kernels/matmul.h"
#include "kernels/reshape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::compat::v1::layers {
namespace {

const detail::LayerClass& flatten_class() {
  static const detail::LayerClass instance("flatten");
  return instance;
}

const detail::LayerClass& dropout_class() {
  static const detail::LayerClass instance("dropout");
  return instance;
}

const detail::LayerClass& dense_class() {
  static const detail::LayerClass instance("dense");
  return instance;
}

// inputs [m, n] times kernel [n, units], plus the bias if there is one, through the activation.
Tensor product(const Tensor& inputs, const Variable& kernel, const Variable* bias,
               const keras::activations::Activation& activation) {
  if (bias == nullptr) return activation(matmul(inputs, kernel));
  if (activation.relu()) return op::matmul_bias_relu(inputs, kernel, *bias);
  return activation(op::matmul_bias(inputs, kernel, *bias));
}

// The same for inputs [..., n].
Tensor product_of_rows(const Tensor& inputs, const Variable& kernel, const Variable* bias,
                       const keras::activations::Activation& activation) {
  const Shape& shape = inputs.shape();
  if (shape.rank() == 2) return product(inputs, kernel, bias, activation);
  Shape wanted = shape;
  wanted.set_dim(shape.rank() - 1, kernel.shape()[1]);
  const Tensor rows = reshape(inputs, {-1, shape[-1]});
  if (activation.given() && !activation.relu()) {
    return activation(reshape(product(rows, kernel, bias, {}), wanted));
  }
  return reshape(product(rows, kernel, bias, activation), wanted);
}

}  // namespace

// ---- Dense ----

Dense::Dense(std::int64_t units, const DenseArgs& args) : Dense(units, args, false) {}

Dense::Dense(std::int64_t units, const DenseArgs& args, bool functional)
    : Layer({.layer_class = dense_class(),
             .name = args.name,
             .trainable = args.trainable,
             .reuse = args.reuse,
             .name_is_scope = functional,
             .once = functional}),
      units_(units),
      args_(args) {
  if (units <= 0) {
    throw ValueError(
        text("Received an invalid value for `units`, expected a positive integer. "
             "Received: units=",
             units));
  }
}

void Dense::build(const Shape& input_shape) {
  if (input_shape.rank() < 2) {
    throw ValueError(text("Input 0 of layer \"", name(),
                          "\" is incompatible with the layer: expected min_ndim=2, found ndim=",
                          input_shape.rank(), ". Full shape received: ", input_shape));
  }
  const DType dtype = weight_dtype();
  kernel_ = add_weight("kernel", {.shape = {input_shape[-1], units_}, .dtype = dtype},
                       args_.kernel_initializer, args_.kernel_regularizer);
  if (args_.use_bias) {
    bias_ = add_weight("bias", {.shape = {units_}, .dtype = dtype}, args_.bias_initializer,
                       args_.bias_regularizer);
  }
}

Tensor Dense::call(const Tensor& inputs, const CallArgs&) {
  return product_of_rows(inputs, kernel_, args_.use_bias ? &bias_ : nullptr, args_.activation);
}

Tensor dense(const Tensor& inputs, std::int64_t units, const DenseArgs& args) {
  const Shape& shape = inputs.shape();
  if (args.activation.library_only() && shape.rank() >= 2 && units > 0) {
    const DType dtype = inputs.dtype();
    const detail::ExpectedWeight expected[] = {
        {"kernel", {dtype, {shape[-1], units}}, args.kernel_regularizer.given()},
        {"bias", {dtype, {units}}, args.bias_regularizer.given()}};
    Variable weights[2];
    const std::size_t count = args.use_bias ? 2 : 1;
    if (detail::reuse_weights(dense_class(), args.name, {expected, count}, {weights, count})) {
      return product_of_rows(inputs, weights[0], args.use_bias ? &weights[1] : nullptr,
                             args.activation);
    }
  }
  return Dense(units, args, true)(inputs);
}

// ---- Dropout ----

Dropout::Dropout(double rate, const DropoutArgs& args)
    : Layer({.layer_class = dropout_class(), .name = args.name}), rate_(rate) {
  if (args.noise_shape.has_value()) args_.noise_shape = *args.noise_shape;
  args_.seed = args.seed;
  if (!(rate >= 0 && rate <= 1)) {
    throw ValueError(
        text("Invalid value ", rate, " received for `rate`, expected a value between 0 and 1."));
  }
}

Tensor Dropout::call(const Tensor& inputs, const CallArgs& args) {
  if (!args.training.value_or(false)) return inputs;
  return nn::dropout(inputs, rate_, args_);
}

Tensor dropout(const Tensor& inputs, const DropoutArgs& args) {
  return Dropout(args.rate, args)(inputs, {.training = args.training});
}

// ---- Flatten ----

Flatten::Flatten(const FlattenArgs& args)
    : Layer({.layer_class = flatten_class(), .name = args.name}) {}

Tensor Flatten::call(const Tensor& inputs, const CallArgs&) {
  const Shape& shape = inputs.shape();
  if (shape.rank() == 0) {
    throw ValueError(text("Flatten: inputs of rank 0 have no batch dimension"));
  }
  std::int64_t rest = 1;
  for (int i = 1; i < shape.rank(); ++i) rest *= shape[i];
  return reshape(inputs, {shape[0], rest});
}

Tensor flatten(const Tensor& inputs, const FlattenArgs& args) { return Flatten(args)(inputs); }

}  // namespace keen::compat::v1::layers
