#include "shim/compat/v1/layers/convolutional.h"

#include "kernels/conv2d.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::compat::v1::layers {
namespace {

const detail::LayerClass& conv2d_class() {
  static const detail::LayerClass instance("conv2d");
  return instance;
}

}  // namespace

Conv2D::Conv2D(std::int64_t filters, const IntPair& kernel_size, const Conv2DArgs& args)
    : Conv2D(filters, kernel_size, args, false) {}

Conv2D::Conv2D(std::int64_t filters, const IntPair& kernel_size, const Conv2DArgs& args,
               bool functional)
    : Layer({.layer_class = conv2d_class(),
             .name = args.name,
             .trainable = args.trainable,
             .reuse = args.reuse,
             .name_is_scope = functional,
             .once = functional}),
      filters_(filters),
      kernel_size_(kernel_size),
      args_(args) {
  if (filters <= 0) {
    throw ValueError(
        text("Invalid value for argument `filters`. Expected a strictly positive "
             "value. Received filters=",
             filters, "."));
  }
}

void Conv2D::build(const Shape& input_shape) {
  if (input_shape.rank() != 4) {
    throw ValueError(text("Input 0 of layer \"", name(),
                          "\" is incompatible with the layer: expected min_ndim=4, found ndim=",
                          input_shape.rank(), ". Full shape received: ", input_shape));
  }
  const DType dtype = weight_dtype();
  kernel_ = add_weight(
      "kernel",
      {.shape = {kernel_size_[0], kernel_size_[1], input_shape[-1], filters_}, .dtype = dtype},
      args_.kernel_initializer, args_.kernel_regularizer);
  if (args_.use_bias) {
    bias_ = add_weight("bias", {.shape = {filters_}, .dtype = dtype}, args_.bias_initializer,
                       args_.bias_regularizer);
  }
}

Tensor Conv2D::call(const Tensor& inputs, const CallArgs&) {
  const keen::Conv2DArgs conv{
      .strides = args_.strides, .padding = args_.padding, .dilations = args_.dilation_rate};
  return args_.activation(args_.use_bias ? nn::fused_conv2d(inputs, kernel_, bias_, conv)
                                         : nn::conv2d(inputs, kernel_, conv));
}

Tensor conv2d(const Tensor& inputs, std::int64_t filters, const IntPair& kernel_size,
              const Conv2DArgs& args) {
  return Conv2D(filters, kernel_size, args, true)(inputs);
}

}  // namespace keen::compat::v1::layers
