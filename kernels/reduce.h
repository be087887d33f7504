// Reductions over axes (tf.math.reduce_*).
//
// A result lacks the reduced axes, or has them with size 1 (keepdims). Sums are taken in blocks and
// lanes whose order depends on shapes and the number of threads alone; 16-bit floating types are
// summed in float. InvalidArgumentError for an axis outside of [-rank, rank) or given twice.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "runtime/base/ints.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// Which axes: all of them (None), one, or a list, where an empty list reduces nothing. Negative
// ones count from the end.
class Axes {
 public:
  [[nodiscard]] static constexpr Axes all() {
    Axes axes;
    axes.all_ = true;
    return axes;
  }
  constexpr Axes() = default;
  Axes(int axis) : list_({axis}) {}                                // NOLINT
  Axes(std::int64_t axis) : list_({axis}) {}                       // NOLINT
  Axes(std::initializer_list<std::int64_t> list) : list_(list) {}  // NOLINT
  Axes(const Ints& list) : list_(list) {}                          // NOLINT

  [[nodiscard]] constexpr bool is_all() const { return all_; }
  [[nodiscard]] constexpr const Ints& list() const { return list_; }
  // The axes of a tensor of that rank as a bit mask. `op_name` is for the errors.
  [[nodiscard]] std::uint32_t mask(int rank, const char* op_name) const;

  // What is hashed; the comparison tells "all" from "none".
  [[nodiscard]] constexpr const std::int64_t* begin() const { return list_.begin(); }
  [[nodiscard]] constexpr const std::int64_t* end() const { return list_.end(); }
  friend constexpr bool operator==(const Axes&, const Axes&) = default;

 private:
  Ints list_;
  bool all_ = false;
};

void append_text(std::string& out, const Axes& axes);

struct ReduceArgs {
  Axes axis = Axes::all();
  bool keepdims = false;
};

[[nodiscard]] Tensor reduce_sum(const Tensor& input, const ReduceArgs& args = {});
// nan over no elements; integers are divided towards zero.
[[nodiscard]] Tensor reduce_mean(const Tensor& input, const ReduceArgs& args = {});
// nan where there is one; -inf (inf, or the integer's limit) over no elements. Elements that tie
// share the gradient.
[[nodiscard]] Tensor reduce_max(const Tensor& input, const ReduceArgs& args = {});
[[nodiscard]] Tensor reduce_min(const Tensor& input, const ReduceArgs& args = {});
[[nodiscard]] Tensor reduce_prod(const Tensor& input, const ReduceArgs& args = {});
// Of bools.
[[nodiscard]] Tensor reduce_all(const Tensor& input, const ReduceArgs& args = {});
[[nodiscard]] Tensor reduce_any(const Tensor& input, const ReduceArgs& args = {});

}  // namespace keen
