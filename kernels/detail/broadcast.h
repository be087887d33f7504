// Loops over the broadcast of N inputs, with as few dimensions as their strides allow.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "runtime/base/shape.h"
#include "runtime/device/cpu/parallel.h"

namespace keen::detail {

// Dimensions of the output, outermost first, and by how many elements each input moves along them:
// 0 where it is broadcast. Dimensions along which all inputs move evenly are merged, so that rank
// is 1 for equal shapes and 2 for a row added to a matrix.
template <int N>
struct BroadcastPlan {
  int rank = 0;
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::array<std::array<std::int64_t, Shape::kMaxRank>, N> strides{};

  // `shapes` must broadcast to `out`.
  BroadcastPlan(const std::array<const Shape*, N>& shapes, const Shape& out) {
    std::array<std::int64_t, N> size{};
    size.fill(1);
    for (int i = 0; i < out.rank(); ++i) add_inner_first(shapes, out, out.rank() - 1 - i, size);
    if (rank == 0) dims[static_cast<std::size_t>(rank++)] = 1;
    std::reverse(dims.begin(), dims.begin() + rank);
    for (auto& list : strides) std::reverse(list.begin(), list.begin() + rank);
  }

  [[nodiscard]] std::int64_t inner_size() const { return dims[static_cast<std::size_t>(rank - 1)]; }
  [[nodiscard]] std::int64_t inner_stride(int input) const {
    return strides[static_cast<std::size_t>(input)][static_cast<std::size_t>(rank - 1)];
  }

 private:
  void add_inner_first(const std::array<const Shape*, N>& shapes, const Shape& out, int axis,
                       std::array<std::int64_t, N>& size) {
    const std::int64_t dim = out.dim(axis);
    if (dim == 1) return;
    std::array<std::int64_t, N> stride{};
    bool merge = rank > 0;
    const auto last = static_cast<std::size_t>(rank > 0 ? rank - 1 : 0);
    for (std::size_t input = 0; input < N; ++input) {
      const int at = axis - (out.rank() - shapes[input]->rank());
      const std::int64_t own = at < 0 ? 1 : shapes[input]->dim(at);
      stride[input] = own == 1 ? 0 : size[input];
      size[input] *= own;
      merge = merge && stride[input] == strides[input][last] * dims[last];
    }
    if (merge) {
      dims[last] *= dim;
      return;
    }
    dims[static_cast<std::size_t>(rank)] = dim;
    for (std::size_t input = 0; input < N; ++input) {
      strides[input][static_cast<std::size_t>(rank)] = stride[input];
    }
    ++rank;
  }
};

// Whether `shape` broadcasts to `to`, as far as its dimensions are known.
[[nodiscard]] inline bool broadcasts_to(const Shape& shape, const Shape& to) {
  Shape result;
  return broadcast_shapes(shape, to, &result) && (!shape.is_fully_defined() || result == to);
}

// Calls row(out, offsets, count) for runs of `count` elements along the innermost dimension: `out`
// is where the run begins in the output, offsets[i] where in input i. Runs are cut among threads
// such that each has about `grain` elements or more.
template <int N, class Row>
void for_each_row(const BroadcastPlan<N>& plan, int threads, std::int64_t grain, Row&& row) {
  const std::int64_t inner = plan.inner_size();
  std::int64_t outer = 1;
  for (int i = 0; i + 1 < plan.rank; ++i) outer *= plan.dims[static_cast<std::size_t>(i)];
  if (inner == 0 || outer == 0) return;
  if (outer == 1) {
    device::cpu::parallel_for(threads, inner, grain, [&](std::int64_t begin, std::int64_t end) {
      std::array<std::int64_t, N> offsets{};
      for (int i = 0; i < N; ++i) {
        offsets[static_cast<std::size_t>(i)] = begin * plan.inner_stride(i);
      }
      row(begin, offsets, end - begin);
    });
    return;
  }
  const auto rows = [&](std::int64_t begin, std::int64_t end) {
    std::array<std::int64_t, Shape::kMaxRank> at{};
    std::array<std::int64_t, N> offsets{};
    std::int64_t rest = begin;
    for (int i = plan.rank - 2; i >= 0; --i) {
      const auto axis = static_cast<std::size_t>(i);
      at[axis] = rest % plan.dims[axis];
      rest /= plan.dims[axis];
      for (std::size_t k = 0; k < N; ++k) offsets[k] += at[axis] * plan.strides[k][axis];
    }
    for (std::int64_t r = begin; r < end; ++r) {
      row(r * inner, offsets, inner);
      for (int i = plan.rank - 2; i >= 0; --i) {
        const auto axis = static_cast<std::size_t>(i);
        for (std::size_t k = 0; k < N; ++k) offsets[k] += plan.strides[k][axis];
        if (++at[axis] < plan.dims[axis]) break;
        at[axis] = 0;
        for (std::size_t k = 0; k < N; ++k) {
          offsets[k] -= plan.strides[k][axis] * plan.dims[axis];
        }
      }
    }
  };
  device::cpu::parallel_for(threads, outer, std::max<std::int64_t>(1, grain / inner), rows);
}

}  // namespace keen::detail
