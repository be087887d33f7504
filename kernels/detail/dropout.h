// What the CPU's and the GPU's kernels of dropout share.
#pragma once

#include <cstdint>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/random_seed.h"
#include "runtime/base/dtype.h"
#include "runtime/op/op.h"
#include "runtime/tensor/random_distribution.h"

namespace keen::detail {

// The fields of random::RandomOpArgs follow the rate.
struct DropoutOpArgs {
  double rate = 0;
  std::int64_t seed = 0;
  std::int64_t seed2 = 0;
  DType dtype = DType::kFloat32;
  std::uintptr_t stream = 0;

  [[nodiscard]] random::RandomOpArgs random_args() const {
    return {.seed = seed, .seed2 = seed2, .dtype = dtype, .stream = stream};
  }
};

struct DropoutGradArgs {
  double rate = 0;
};

// Where the mask's numbers begin. They are those of RandomUniform, with which dropout shares its
// counters.
[[nodiscard]] random::PhiloxState dropout_start(const op::KernelContext& context);

// Keeps an element where its number is at least the rate, and scales it.
template <class T>
struct Dropout {
  T rate;
  T scale;

  explicit Dropout(double of)
      : rate(static_cast<Compute<T>>(of)), scale(static_cast<Compute<T>>(1 / (1 - of))) {}
  [[nodiscard]] KEEN_HOST_DEVICE bool keeps(T number) const {
    return static_cast<Compute<T>>(number) >= static_cast<Compute<T>>(rate);
  }
  [[nodiscard]] KEEN_HOST_DEVICE T apply(bool keep, T x) const {
    return keep ? static_cast<T>(static_cast<Compute<T>>(x) * static_cast<Compute<T>>(scale))
                : static_cast<T>(Compute<T>(0));
  }
};

}  // namespace keen::detail
