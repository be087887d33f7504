// Shuffling along the first dimension (tf.random.shuffle).
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/tensor/tensor.h"

namespace keen {

namespace op {
struct Op;
// value -> the same spec. Arguments: random::RandomOpArgs, of which dtype is value's.
extern const Op kRandomShuffle;
}  // namespace op

namespace random {

struct ShuffleArgs {
  std::optional<std::int64_t> seed = {};
};

// The rows of `value`, each whole, in random order: TensorFlow's order for the same seeds. A scalar
// and a tensor of one row come back as they are. Not differentiable.
[[nodiscard]] Tensor shuffle(const Tensor& value, const ShuffleArgs& args = {});

}  // namespace random
}  // namespace keen
