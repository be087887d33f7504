// Convolutions by oneDNN: float32, nothing empty. InternalError if oneDNN fails.
#pragma once

#include "kernels/detail/conv.h"

namespace keen::detail {

void onednn_conv_forward(device::DeviceContext& device, const ConvShape& shape, const float* x,
                         const float* w, const float* bias, float* y);
void onednn_conv_backward_input(device::DeviceContext& device, const ConvShape& shape,
                                const float* w, const float* dy, float* dx);
void onednn_conv_backward_filter(device::DeviceContext& device, const ConvShape& shape,
                                 const float* x, const float* dy, float* dw);

}  // namespace keen::detail
