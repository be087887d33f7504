#include "shim/compat/v1/layers/pooling.h"

#include "kernels/pool.h"

namespace keen::compat::v1::layers {
namespace {

const detail::LayerClass& average_pooling2d_class() {
  static const detail::LayerClass instance("average_pooling2d");
  return instance;
}

const detail::LayerClass& max_pooling2d_class() {
  static const detail::LayerClass instance("max_pooling2d");
  return instance;
}

}  // namespace

MaxPooling2D::MaxPooling2D(const IntPair& pool_size, const IntPair& strides,
                           const Pooling2DArgs& args)
    : Layer({.layer_class = max_pooling2d_class(), .name = args.name}),
      pool_size_(pool_size),
      strides_(strides),
      padding_(args.padding) {}

Tensor MaxPooling2D::call(const Tensor& inputs, const CallArgs&) {
  return nn::max_pool2d(inputs, {.ksize = pool_size_, .strides = strides_, .padding = padding_});
}

AveragePooling2D::AveragePooling2D(const IntPair& pool_size, const IntPair& strides,
                                   const Pooling2DArgs& args)
    : Layer({.layer_class = average_pooling2d_class(), .name = args.name}),
      pool_size_(pool_size),
      strides_(strides),
      padding_(args.padding) {}

Tensor AveragePooling2D::call(const Tensor& inputs, const CallArgs&) {
  return nn::avg_pool2d(inputs, {.ksize = pool_size_, .strides = strides_, .padding = padding_});
}

Tensor max_pooling2d(const Tensor& inputs, const IntPair& pool_size, const IntPair& strides,
                     const Pooling2DArgs& args) {
  return MaxPooling2D(pool_size, strides, args)(inputs);
}

Tensor average_pooling2d(const Tensor& inputs, const IntPair& pool_size, const IntPair& strides,
                         const Pooling2DArgs& args) {
  return AveragePooling2D(pool_size, strides, args)(inputs);
}

}  // namespace keen::compat::v1::layers
