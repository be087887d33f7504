// Two-dimensional pools (tf.nn.max_pool2d, tf.nn.avg_pool2d) and their gradients.
#pragma once

#include <array>

#include "kernels/padding.h"
#include "runtime/base/shape.h"
#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct Pool2DArgs {
  std::array<int, 2> ksize{1, 1};  // height and width of a window
  std::array<int, 2> strides{1, 1};
  Padding padding = Padding::kValid;
  DataFormat data_format = DataFormat::kNHWC;  // the CPU has no kernel for kNCHW
  std::array<int, 4> explicit_paddings{};      // top, bottom, left, right; for max_pool2d
};

namespace nn {

// The largest element of each window of input [batch, height, width, channels]: the result is
// [batch, out height, out width, channels]. nan is passed over; a window without anything above it
// gives the lowest finite value. Of equal elements the first in row order gets the gradient. A
// window larger than its padded input gives an empty result.
//
// float32 and float64; on GPUs float16 and bfloat16 as well. InvalidArgumentError for ranks other
// than 4, sizes and strides below 1, paddings below 0 or not below the window's size;
// UnimplementedError for kNCHW on the CPU.
[[nodiscard]] Tensor max_pool2d(const Tensor& input, const Pool2DArgs& args);

// The mean of each window; padding does not count.
[[nodiscard]] Tensor avg_pool2d(const Tensor& input, const Pool2DArgs& args);

}  // namespace nn

namespace op {

struct AvgPoolGradArgs {
  Pool2DArgs pool;
  Shape sizes;  // of the result; the batch may be unknown
};

extern const Op kMaxPool;
extern const Op kMaxPoolGrad;      // of orig_input, orig_output, grad: the gradient of orig_input
extern const Op kMaxPoolGradGrad;  // of orig_input, orig_output, grad: the gradient of that grad
extern const Op kAvgPool;
extern const Op kAvgPoolGrad;  // of grad

}  // namespace op
}  // namespace keen
