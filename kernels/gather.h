// Elements by their places (tf.gather, one_hot, math.unsorted_segment_sum). Indices are int32 or
// int64.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/dtype.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// The slices of `params` along `axis` at `indices`, whose dimensions take the axis' place. Any
// dtype but string. InvalidArgumentError "indices[0] = 5 is not in [0, 3)".
[[nodiscard]] Tensor gather(const Tensor& params, const Tensor& indices, std::int64_t axis = 0);

struct OneHotArgs {
  double on_value = 1;
  double off_value = 0;
  std::int64_t axis = -1;
  DType dtype = DType::kFloat32;
};

// A new axis of `depth` elements, off but for the one at the index; all off for an index outside of
// [0, depth).
[[nodiscard]] Tensor one_hot(const Tensor& indices, std::int64_t depth,
                             const OneHotArgs& args = {});

// Sums the slices of `data` whose segment id is i into slice i; negative ids are left out.
// `segment_ids` has the first dimensions of `data`. InvalidArgumentError for an id of
// `num_segments` or more.
[[nodiscard]] Tensor unsorted_segment_sum(const Tensor& data, const Tensor& segment_ids,
                                          std::int64_t num_segments);

}  // namespace keen
