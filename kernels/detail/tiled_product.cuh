// The inner part of own kernels that multiply: sums of products over a depth, 64 by 64 at a time.
//
// Both factors are given by an operand, which knows where an element lies or that it is zero:
//
//   kDepthFastest       whether neighbours in memory are neighbours in depth, else in rows
//   Row row(i)          what all elements of a row share; i may be beyond the last one
//   Step step(k)        what all elements of a depth share; k may be beyond the last one
//   T load(row, step)   the element; 0 beyond the ends
//
// Sums run in order of depth, with one rounding per product and addition: the same bits on any
// card.
#pragma once

#include <cstdint>

#include "runtime/device/cuda/vectors.cuh"

namespace keen::detail {

inline constexpr int kProductTile = 64;   // rows and columns of a block
inline constexpr int kProductDepth = 16;  // that shared memory holds
inline constexpr int kProductBlock = 256;
inline constexpr int kProductPart = 4;  // rows and columns of a thread

__device__ inline float fused_multiply_add(float x, float y, float z) { return fmaf(x, y, z); }
__device__ inline double fused_multiply_add(double x, double y, double z) { return fma(x, y, z); }

// A dense matrix of rows by depth with any two strides.
template <class T, class Index, bool kFastest>
struct MatrixOperand {
  static constexpr bool kDepthFastest = kFastest;
  struct Row {
    Index offset;
    bool inside;
  };
  using Step = Row;

  const T* data;
  Index rows;
  Index depth;
  Index row_stride;
  Index depth_stride;

  __device__ Row row(Index i) const { return {i * row_stride, i < rows}; }
  __device__ Step step(Index k) const { return {k * depth_stride, k < depth}; }
  __device__ T load(const Row& row, const Step& step) const {
    return row.inside && step.inside ? data[row.offset + step.offset] : T(0.0F);
  }
};

// Shared memory of one factor. The pitch keeps the stores of a warp, 16 along the depth by 2 rows,
// in different banks.
template <class Sum>
struct ProductPanel {
  static constexpr int kPitch = kProductTile + (sizeof(Sum) == 8 ? 1 : 2);
  Sum values[kProductDepth][kPitch];
};

// Brings one operand's part of the tile into shared memory, four elements per thread.
template <class Operand, class Sum, class Index>
class PanelLoader {
 public:
  __device__ PanelLoader(const Operand& operand, Index first_row) : operand_(operand) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) rows_[i] = operand.row(first_row + row_of(i));
  }
  __device__ void load(Index first_depth) {
#pragma unroll
    for (int i = 0; i < kProductPart; ++i) {
      if (i == 0 || !Operand::kDepthFastest) step_ = operand_.step(first_depth + depth_of(i));
      values_[i] = static_cast<Sum>(operand_.load(rows_[Operand::kDepthFastest ? i : 0], step_));
    }
  }
  __device__ void store(ProductPanel<Sum>* panel) const {
#pragma unroll
    for (int i = 0; i < kProductPart; ++i) panel->values[depth_of(i)][row_of(i)] = values_[i];
  }

 private:
  static constexpr int kRows = Operand::kDepthFastest ? kProductPart : 1;
  __device__ static int depth_of(int i) {
    const auto thread = static_cast<int>(threadIdx.x);
    return Operand::kDepthFastest ? thread % kProductDepth : thread / kProductTile + 4 * i;
  }
  __device__ static int row_of(int i) {
    const auto thread = static_cast<int>(threadIdx.x);
    return Operand::kDepthFastest ? thread / kProductDepth + 16 * i : thread % kProductTile;
  }

  const Operand& operand_;
  typename Operand::Row rows_[kRows];
  typename Operand::Step step_;
  Sum values_[kProductPart];
};

// Calls store(row, column, sum) for the elements of the tile at (first_row, first_column), also for
// those beyond the last ones, with the products from depth `begin` to `end` added up. All threads
// of the block take part.
template <class A, class B, class Sum, class Index, class Store>
__device__ inline void tiled_product(const A& a, const B& b, Index first_row, Index first_column,
                                     Index begin, Index end, Sum, Store&& store) {
  __shared__ ProductPanel<Sum> a_panel;
  __shared__ ProductPanel<Sum> b_panel;
  PanelLoader<A, Sum, Index> a_loader(a, first_row);
  PanelLoader<B, Sum, Index> b_loader(b, first_column);
  const int x = static_cast<int>(threadIdx.x) % 16;
  const int y = static_cast<int>(threadIdx.x) / 16;
  Sum sums[kProductPart][kProductPart] = {};
  for (Index depth = begin; depth < end; depth += kProductDepth) {
    a_loader.load(depth);
    b_loader.load(depth);
    __syncthreads();  // the panels have been read
    a_loader.store(&a_panel);
    b_loader.store(&b_panel);
    __syncthreads();
    const auto left = static_cast<int>(end - depth < kProductDepth ? end - depth : kProductDepth);
    for (int k = 0; k < left; ++k) {
      Sum column[kProductPart];
#pragma unroll
      for (int j = 0; j < kProductPart; ++j) column[j] = b_panel.values[k][x + 16 * j];
#pragma unroll
      for (int i = 0; i < kProductPart; ++i) {
        const Sum row = a_panel.values[k][y + 16 * i];
#pragma unroll
        for (int j = 0; j < kProductPart; ++j) {
          sums[i][j] = fused_multiply_add(row, column[j], sums[i][j]);
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < kProductPart; ++i) {
#pragma unroll
    for (int j = 0; j < kProductPart; ++j) {
      store(first_row + y + 16 * i, first_column + x + 16 * j, sums[i][j]);
    }
  }
}

[[nodiscard]] inline std::int64_t product_tiles(std::int64_t n) {
  return (n + kProductTile - 1) / kProductTile;
}

}  // namespace keen::detail
