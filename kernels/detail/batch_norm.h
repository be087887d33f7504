// Batch normalization on plain pointers: x is [rows, channels], dense.
//
// The bits don't depend on the number of threads. T is float or double.
#pragma once

#include "kernels/detail/channel_rows.h"

namespace keen::detail {

// Mean and biased variance of each channel, in one pass over memory; rows > 0.
//
// Blocks that fit the first-level cache are centred on their own mean before they are squared, and
// merged in double (Chan, Golub, LeVeque 1979), so that a large mean costs no digits.
template <class T>
void batch_moments(device::DeviceContext& device, ChannelRows size, const T* x, T* mean,
                   T* variance);

// What one channel does in the forward pass: y = (x - mean) * factor + offset, and with `relu`
// negative results become zero.
template <class T>
struct BatchNormLine {
  const T* mean;
  const T* factor;
  const T* offset;
  bool relu;
};

template <class T>
void batch_norm_apply(device::DeviceContext& device, ChannelRows size, const T* x,
                      const BatchNormLine<T>& line, T* y);

// Sums over the rows of dy and of dy * (x - mean); with line.relu, dy counts as zero where the
// forward result was not above zero.
template <class T>
void batch_norm_sums(device::DeviceContext& device, ChannelRows size, const T* dy, const T* x,
                     const BatchNormLine<T>& line, T* sum_dy, T* sum_dy_x);

// dx = factor * (dy - shift - (x - mean) * slope), dy as above.
template <class T>
void batch_norm_input_gradient(device::DeviceContext& device, ChannelRows size, const T* dy,
                               const T* x, const BatchNormLine<T>& line, const T* shift,
                               const T* slope, T* dx);

}  // namespace keen::detail
