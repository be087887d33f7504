// Sums over all rows of [rows, channels].
#pragma once

#include "kernels/detail/channel_rows.h"

namespace keen::detail {

// out[c] = the sum of x[:, c]: blocks in T, then in double. The bits don't depend on the number of
// threads. T is float or double.
template <class T>
void channel_sums(device::DeviceContext& device, ChannelRows size, const T* x, T* out);

}  // namespace keen::detail
