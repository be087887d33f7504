// Maximum and average pools over [batch, height, width, channels] on plain pointers, and their
// gradients. Each function writes every element of its result. T is float or double.
#pragma once

#include <cstdint>

#include "kernels/detail/window.h"

namespace keen::device {
class DeviceContext;
}

namespace keen::detail {

struct PoolShape {
  std::int64_t batch = 0;
  std::int64_t channels = 0;
  Window height;
  Window width;
};

// The largest element of each window; nan is passed over, and nothing is below T's lowest finite
// value.
template <class T>
void max_pool(device::DeviceContext& device, const PoolShape& shape, const T* x, T* y);

// dy goes to the first of the largest elements in row order, as TensorFlow's kernel finds it: a nan
// counts if it comes first.
template <class T>
void max_pool_gradient(device::DeviceContext& device, const PoolShape& shape, const T* x,
                       const T* dy, T* dx);

// For each element of the output, that of `values` (of the input's shape) at the place to which
// max_pool_gradient sends its gradient.
template <class T>
void max_pool_gather(device::DeviceContext& device, const PoolShape& shape, const T* x,
                     const T* values, T* out);

// The mean of the elements of each window that lie on the input.
template <class T>
void average_pool(device::DeviceContext& device, const PoolShape& shape, const T* x, T* y);
template <class T>
void average_pool_gradient(device::DeviceContext& device, const PoolShape& shape, const T* dy,
                           T* dx);

}  // namespace keen::detail
