#include "kernels/detail/window.h"

#include <algorithm>

namespace keen::detail {

Window make_window(std::int64_t input, std::int64_t size, std::int64_t stride,
                   std::int64_t dilation, Padding padding, std::int64_t explicit_before,
                   std::int64_t explicit_after) {
  Window window{input, -1, size, stride, dilation, 0, 0};
  if (padding == Padding::kExplicit) {
    window.pad_before = explicit_before;
    window.pad_after = explicit_after;
  }
  if (input < 0) return window;
  if (padding == Padding::kSame) {
    window.output = (input + stride - 1) / stride;
    if (size < 0) return window;
    const std::int64_t needed =
        std::max<std::int64_t>(0, (window.output - 1) * stride + window.extent() - input);
    window.pad_before = needed / 2;
    window.pad_after = needed - window.pad_before;
    return window;
  }
  if (size < 0) return window;
  const std::int64_t padded = input + window.pad_before + window.pad_after;
  window.output = padded < window.extent() ? 0 : (padded - window.extent()) / stride + 1;
  return window;
}

}  // namespace keen::detail
