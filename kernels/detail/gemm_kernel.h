#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/detail/gemm.h"
#include "kernels/detail/simd.h"

// Note [Own matrix product]
//
// Two inner kernels, both on AVX2 registers and both without any set-up:
//
// * `outer_tile`: rows of c in broadcasts of a, columns in vectors of b. a may have any strides (so
// its transpose is
//   free), the rows of b must be contiguous: b as stored, or a panel of it packed to the width of
//   the tile.
// * `dot_tile`: vectors along k of both, then horizontal sums. It takes a transposed b as it is,
// which pays when there
//   are too few rows in c to make up for packing.
//
// Packed panels are kPanelDepth deep and live on the stack, hence no allocation and no limit on
// sizes.

namespace keen::detail {

// a as the kernels see it: element (i, p) at data[i * row + p * depth].
template <class T>
struct StridedRows {
  const T* data;
  std::int64_t row;
  std::int64_t depth;
};

// Columns of b, and of c below them, that a tile takes at once.
template <class T>
struct ColumnPanel {
  const T* b = nullptr;
  std::int64_t ldb = 0;
  std::int64_t depth = 0;
  std::int64_t whole = 0;  // rows of b that may be read at the tile's full width
  std::int64_t last = 0;   // columns in the last vector
  T* c = nullptr;
  std::int64_t ldc = 0;
  bool accumulate = false;
};

// c[Rows, at most Vectors * lanes]; Cut if the last vector isn't full.
template <class T, int Rows, int Vectors, bool Cut>
[[gnu::always_inline]] inline void outer_tile(StridedRows<T> a, const ColumnPanel<T>& panel, T* c) {
  using S = Simd<T>;
  typename S::Vector sums[Rows][Vectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = S::zero();
  }
  const auto mask = S::first(panel.last);
  const T* b = panel.b;
  const std::int64_t ldb = panel.ldb;
  const std::int64_t depth = panel.depth;
  for (std::int64_t p = 0; p < depth; ++p, b += ldb) {
    typename S::Vector right[Vectors];
    for (int v = 0; v < Vectors; ++v) {
      right[v] = Cut && v == Vectors - 1 && p >= panel.whole ? S::load(b + v * S::kLanes, mask)
                                                             : S::load(b + v * S::kLanes);
    }
    for (int r = 0; r < Rows; ++r) {
      const auto left = S::set1(a.data[r * a.row + p * a.depth]);
      for (int v = 0; v < Vectors; ++v) sums[r][v] = S::fma(left, right[v], sums[r][v]);
    }
  }
  const bool accumulate = panel.accumulate;
  for (int r = 0; r < Rows; ++r, c += panel.ldc) {
    for (int v = 0; v < Vectors; ++v) {
      T* out = c + v * S::kLanes;
      if (Cut && v == Vectors - 1) {
        if (accumulate) sums[r][v] = S::add(S::load(out, mask), sums[r][v]);
        S::store_first(out, panel.last, sums[r][v]);
      } else {
        S::store(out, accumulate ? S::add(S::load(out), sums[r][v]) : sums[r][v]);
      }
    }
  }
}

// All `rows` of one panel.
template <class T, int Vectors, bool Cut>
void outer_panel(std::int64_t rows, StridedRows<T> a, const ColumnPanel<T>& panel) {
  T* c = panel.c;
  while (rows > 0) {
    std::int64_t taken = rows;
    // Eight rows are two tiles of four rather than six and two: short tiles leave the multipliers
    // idle.
    if (rows >= 6 && rows != 8) {
      outer_tile<T, 6, Vectors, Cut>(a, panel, c);
      taken = 6;
    } else if (rows >= 4) {
      outer_tile<T, 4, Vectors, Cut>(a, panel, c);
      taken = 4;
    } else if (rows == 3) {
      outer_tile<T, 3, Vectors, Cut>(a, panel, c);
    } else if (rows == 2) {
      outer_tile<T, 2, Vectors, Cut>(a, panel, c);
    } else {
      outer_tile<T, 1, Vectors, Cut>(a, panel, c);
    }
    rows -= taken;
    a.data += taken * a.row;
    c += taken * panel.ldc;
  }
}

// A panel of `width` columns, 1 <= width <= 2 * lanes. `readable` columns lie in each row of b, the
// last one too; in the rows before it, reading on means reading the next row.
template <class T>
void outer_columns(std::int64_t rows, std::int64_t width, std::int64_t readable, StridedRows<T> a,
                   ColumnPanel<T> panel) {
  constexpr int kLanes = Simd<T>::kLanes;
  const bool two = width > kLanes;
  const std::int64_t full = two ? 2 * kLanes : kLanes;
  const std::int64_t beyond = full > readable ? full - readable : 0;
  panel.whole = std::max<std::int64_t>(0, panel.depth - (beyond + panel.ldb - 1) / panel.ldb);
  panel.last = two ? width - kLanes : width;
  if (width == full) {
    two ? outer_panel<T, 2, false>(rows, a, panel) : outer_panel<T, 1, false>(rows, a, panel);
  } else {
    two ? outer_panel<T, 2, true>(rows, a, panel) : outer_panel<T, 1, true>(rows, a, panel);
  }
}

// c[Rows, Columns] as dot products of rows of a and rows of b, both contiguous along k; Columns is
// 4 or 1.
template <class T, int Rows, int Columns>
[[gnu::always_inline]] inline void dot_tile(std::int64_t depth, const T* a, std::int64_t lda,
                                            const T* b, std::int64_t ldb, T* c, std::int64_t ldc,
                                            bool accumulate) {
  using S = Simd<T>;
  typename S::Vector sums[Rows][Columns];
  for (auto& row : sums) {
    for (auto& sum : row) sum = S::zero();
  }
  std::int64_t p = 0;
  for (; p + S::kLanes <= depth; p += S::kLanes) {
    typename S::Vector right[Columns];
    for (int j = 0; j < Columns; ++j) right[j] = S::load(b + j * ldb + p);
    for (int i = 0; i < Rows; ++i) {
      const auto left = S::load(a + i * lda + p);
      for (int j = 0; j < Columns; ++j) sums[i][j] = S::fma(left, right[j], sums[i][j]);
    }
  }
  if (p < depth) {
    const auto mask = S::first(depth - p);
    for (int i = 0; i < Rows; ++i) {
      const auto left = S::load(a + i * lda + p, mask);
      for (int j = 0; j < Columns; ++j) {
        sums[i][j] = S::fma(left, S::load(b + j * ldb + p, mask), sums[i][j]);
      }
    }
  }
  for (int i = 0; i < Rows; ++i) {
    if constexpr (Columns == 4) {
      S::sum4(sums[i], c + i * ldc, accumulate);
    } else {
      S::sum1(sums[i][0], c + i * ldc, accumulate);
    }
  }
}

}  // namespace keen::detail
