// Parts of tensors (tf.slice, tf.strided_slice and Python's x[…]).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>

#include "runtime/base/ints.h"
#include "runtime/base/shape.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// `size` elements of each dimension from `begin` on; a size of -1 takes the rest.
// InvalidArgumentError where that leaves the tensor.
[[nodiscard]] Tensor slice(const Tensor& input, const Ints& begin, const Ints& size);

// One item of Python's x[…]: a number, begin:end:stride with any of them left out, `...`, or
// tf.newaxis.
class Index {
 public:
  struct Range {
    std::optional<std::int64_t> begin = {};
    std::optional<std::int64_t> end = {};
    std::int64_t stride = 1;
  };
  Index(int at) : Index(static_cast<std::int64_t>(at)) {}                // NOLINT
  Index(std::int64_t at) : kind_(Kind::kNumber), range_{.begin = at} {}  // NOLINT
  Index(const Range& range) : kind_(Kind::kRange), range_(range) {}      // NOLINT
  [[nodiscard]] static Index all() { return Index(Range{}); }
  [[nodiscard]] static Index ellipsis() { return Index(Kind::kEllipsis); }
  [[nodiscard]] static Index new_axis() { return Index(Kind::kNewAxis); }

  enum class Kind : std::uint8_t { kNumber, kRange, kEllipsis, kNewAxis };
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const Range& range() const { return range_; }

 private:
  explicit Index(Kind kind) : kind_(kind) {}
  Kind kind_;
  Range range_;
};

// x[1, :, -1] is get_item(x, {1, Index::all(), -1}). Ranges are cut to the tensor as Python's are;
// InvalidArgumentError for a number outside of it, ValueError for a stride of 0 or too many
// indices.
[[nodiscard]] Tensor get_item(const Tensor& input, std::initializer_list<Index> indices);

}  // namespace keen
