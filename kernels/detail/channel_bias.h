// Arrays with channels; adding a bias along them, and summing over all else, on a GPU.
#pragma once

#include <cstdint>

#include "kernels/detail/axis_rows.h"
#include "kernels/padding.h"
#include "runtime/base/dtype.h"
#include "runtime/base/shape.h"
#include "runtime/device/device.h"

namespace keen::detail {

// An array as [outer, channels, inner].
struct ChannelLayout {
  std::int64_t outer = 1;
  std::int64_t channels = 1;
  std::int64_t inner = 1;
  [[nodiscard]] std::int64_t size() const { return outer * channels * inner; }
};

// Of an array of rank two or more, with its channels last or second.
[[nodiscard]] inline ChannelLayout channel_layout(const Shape& shape, DataFormat format) {
  const int axis = format == DataFormat::kNCHW ? 1 : shape.rank() - 1;
  const AxisRows rows(shape, axis);
  return {rows.outer, rows.length, rows.inner};
}

// out = value + bias[channel], or zero where that is below and `relu` is set; `out` may be `value`.
// float32, float64, float16, bfloat16.
void bias_gpu(Device device, DType dtype, const ChannelLayout& layout, const void* value,
              const void* bias, void* out, bool relu = false);

// out[channel] = the sum of the channel. The order of the sum depends on the layout alone.
void channel_sums_gpu(Device device, DType dtype, const ChannelLayout& layout, const void* value,
                      void* out);

}  // namespace keen::detail
