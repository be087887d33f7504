// Reverse accumulation over what a tape has recorded.
#pragma once

#include <span>
#include <vector>

#include "runtime/autodiff/record.h"
#include "runtime/autodiff/tape.h"

namespace keen::autodiff {

// Gradients of the sum of the targets, weighted by `seeds` (one per target, of its spec), with
// respect to each source; undefined where there is none. With `release` each call's tensors are let
// go as soon as its gradient has been taken. The log may grow meanwhile (a persistent tape that
// records its own gradient) only if `release` is false.
[[nodiscard]] std::vector<Tensor> backward(CallLog& log, std::span<const Tensor> targets,
                                           std::span<const Tensor> seeds,
                                           std::span<const Source> sources, bool release);

}  // namespace keen::autodiff
