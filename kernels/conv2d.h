// Two-dimensional convolution (tf.nn.conv2d) and its gradients.
#pragma once

#include <array>

#include "kernels/padding.h"
#include "runtime/base/shape.h"
#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct Conv2DArgs {
  std::array<int, 2> strides{1, 1};  // along height and width
  Padding padding = Padding::kValid;
  DataFormat data_format = DataFormat::kNHWC;  // the CPU has no kernel for kNCHW
  std::array<int, 2> dilations{1, 1};
  std::array<int, 4> explicit_paddings{};  // top, bottom, left, right; for Padding::kExplicit
};

namespace nn {

// Correlates input [batch, height, width, in] with filters [height, width, in / groups, out]; the
// number of groups follows from the two channel counts. The result is [batch, height, width, out].
// A filter larger than its padded input gives an empty result. float32 and float64; on GPUs float16
// and bfloat16 as well, whose sums are in float32.
//
// InvalidArgumentError for ranks other than 4, strides and dilations below 1, negative paddings,
// depths that don't divide, a filter without elements; UnimplementedError for kNCHW on the CPU.
[[nodiscard]] Tensor conv2d(const Tensor& input, const Tensor& filters,
                            const Conv2DArgs& args = {});

// conv2d and bias_add along the channels in one pass: for layers. `bias` is [out].
[[nodiscard]] Tensor fused_conv2d(const Tensor& input, const Tensor& filters, const Tensor& bias,
                                  const Conv2DArgs& args = {});

// The gradient of conv2d's input, of shape `input_sizes`; its batch may be unknown.
[[nodiscard]] Tensor conv2d_backprop_input(const Shape& input_sizes, const Tensor& filters,
                                           const Tensor& out_backprop, const Conv2DArgs& args = {});

// The gradient of conv2d's filters, of shape `filter_sizes`.
[[nodiscard]] Tensor conv2d_backprop_filter(const Tensor& input, const Shape& filter_sizes,
                                            const Tensor& out_backprop,
                                            const Conv2DArgs& args = {});

}  // namespace nn

namespace op {

struct Conv2DGradArgs {
  Conv2DArgs conv;
  Shape sizes;  // of the result
};

extern const Op kConv2D;
extern const Op kFusedConv2D;
extern const Op kConv2DBackpropInput;   // of filter, out_backprop
extern const Op kConv2DBackpropFilter;  // of input, out_backprop

}  // namespace op
}  // namespace keen
