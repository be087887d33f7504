// Comparisons of tensors, with a text that shows where they first differ.
#pragma once

#include <string>

#include "runtime/tensor/tensor.h"

namespace keen::test {

// |got - want| <= atol + rtol * |want|. Elements of 16-bit types may instead differ by one unit in
// the last place, unless the comparison is exact. nan equals nan; numbers below the smallest normal
// one count as zero, for TensorFlow flushes them in many kernels.
struct Tolerance {
  double rtol = 0;
  double atol = 0;
  [[nodiscard]] bool exact() const { return rtol == 0 && atol == 0; }
};

inline constexpr Tolerance kExact{};
inline constexpr Tolerance kElementwise{1e-6, 1e-7};
inline constexpr Tolerance kTranscendental{2e-6, 1e-7};
// Convolutions, products, reductions, batch normalization, losses.
inline constexpr Tolerance kContraction{1e-5, 1e-6};
// Gradients through several layers, steps of optimizers.
inline constexpr Tolerance kGradients{1e-4, 1e-6};

// Empty if `got` has the spec of `want` and its elements within the tolerance; else a line that
// begins with `what` and gives the first element that differs and how many do.
[[nodiscard]] std::string difference(const std::string& what, const Tensor& got, const Tensor& want,
                                     const Tolerance& tolerance);

// The same, bit for bit (which tells nan from nan and the two zeros apart).
[[nodiscard]] std::string exact_difference(const std::string& what, const Tensor& got,
                                           const Tensor& want);

// For random numbers: the same, but where there is a GPU, which draws them then, floating ones may
// be a few units in the last place apart: its sines and logarithms are others.
[[nodiscard]] std::string drawn_difference(const std::string& what, const Tensor& got,
                                           const Tensor& want);

}  // namespace keen::test
