// Two-dimensional convolution and its two gradients on plain pointers.
//
// Activations are [batch, height, width, channels], filters [height, width, in_channels / groups,
// out_channels], both dense. Each function writes every element of its result. A device's thread
// count fixes the bits.
#pragma once

#include <cstdint>

#include "kernels/detail/window.h"

namespace keen::device {
class DeviceContext;
}

namespace keen::detail {

struct ConvShape {
  std::int64_t batch = 0;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t groups = 1;  // divides both channel counts
  Window height;
  Window width;

  [[nodiscard]] std::int64_t input_size() const {
    return batch * height.input * width.input * in_channels;
  }
  [[nodiscard]] std::int64_t output_size() const {
    return batch * height.output * width.output * out_channels;
  }
  [[nodiscard]] std::int64_t filter_size() const {
    return height.size * width.size * (in_channels / groups) * out_channels;
  }
};

// y = x * w + bias; `bias` [out_channels] may be null.
void conv_forward(device::DeviceContext& device, const ConvShape& shape, const float* x,
                  const float* w, const float* bias, float* y);
void conv_forward(device::DeviceContext& device, const ConvShape& shape, const double* x,
                  const double* w, const double* bias, double* y);

// dx of dy.
void conv_backward_input(device::DeviceContext& device, const ConvShape& shape, const float* w,
                         const float* dy, float* dx);
void conv_backward_input(device::DeviceContext& device, const ConvShape& shape, const double* w,
                         const double* dy, double* dx);

// dw of dy.
void conv_backward_filter(device::DeviceContext& device, const ConvShape& shape, const float* x,
                          const float* dy, float* dw);
void conv_backward_filter(device::DeviceContext& device, const ConvShape& shape, const double* x,
                          const double* dy, double* dw);

}  // namespace keen::detail
