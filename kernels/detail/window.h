// Sliding windows along one dimension: what convolutions and pools share.
#pragma once

#include <cstdint>

#include "kernels/padding.h"

namespace keen::detail {

// Output i reads the inputs i * stride - pad_before + j * dilation, 0 <= j < size, that exist.
struct Window {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t size = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_before = 0;
  std::int64_t pad_after = 0;

  // Input positions between the first and the last one that a window touches, both counted.
  [[nodiscard]] std::int64_t extent() const { return (size - 1) * dilation + 1; }
  friend bool operator==(const Window&, const Window&) = default;
};

// TensorFlow's rules for output and padding, for positive stride and dilation. The explicit
// pads are read for Padding::kExplicit only. An input smaller than the window gives no output. An
// unknown input or size (-1) gives an unknown output where it matters.
[[nodiscard]] Window make_window(std::int64_t input, std::int64_t size, std::int64_t stride,
                                 std::int64_t dilation, Padding padding,
                                 std::int64_t explicit_before = 0, std::int64_t explicit_after = 0);

}  // namespace keen::detail
