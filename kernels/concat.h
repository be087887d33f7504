// Joining and taking apart (tf.concat, stack, split, unstack, tile).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/base/ints.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// Along an axis that exists; the other dimensions must agree (InvalidArgumentError).
[[nodiscard]] Tensor concat(std::span<const Tensor> values, std::int64_t axis);
[[nodiscard]] Tensor concat(std::initializer_list<Tensor> values, std::int64_t axis);
// Along a new axis.
[[nodiscard]] Tensor stack(std::span<const Tensor> values, std::int64_t axis = 0);
[[nodiscard]] Tensor stack(std::initializer_list<Tensor> values, std::int64_t axis = 0);

// `num` equal parts; InvalidArgumentError where they aren't.
[[nodiscard]] std::vector<Tensor> split(const Tensor& value, int num, std::int64_t axis = 0);
// Parts of those sizes, one of which may be -1.
[[nodiscard]] std::vector<Tensor> split(const Tensor& value, const std::vector<std::int64_t>& sizes,
                                        std::int64_t axis = 0);
// The slices along an axis, without it.
[[nodiscard]] std::vector<Tensor> unstack(const Tensor& value, std::int64_t axis = 0);

// The tensor multiples[i] times along dimension i; up to rank 4.
[[nodiscard]] Tensor tile(const Tensor& input, const Ints& multiples);

}  // namespace keen
