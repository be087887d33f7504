#include "kernels/detail/gemm.h"

#include <algorithm>

#include "kernels/detail/gemm_kernel.h"
#include "kernels/detail/onednn_matmul.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/device/device_context.h"

namespace keen::detail {
namespace {

// Rows of b in one packed panel: with two vectors of floats a row, 16 KiB, half of a first-level
// cache.
constexpr std::int64_t kPanelDepth = 256;
// From this many rows of c on a panel of b is packed: each packed row is used at least so often.
constexpr std::int64_t kPackRows = 32;
// Up to this many rows of c a transposed b is read in dot products.
constexpr std::int64_t kDotRows = 12;
// Products of fewer multiplications run on the calling thread, by own kernels.
constexpr std::int64_t kSerialWork = 256 * 1024;

template <class T>
std::int64_t panel_width() {
  return 2 * Simd<T>::kLanes;
}

// Copies op(b)[p0 : p0 + depth, j0 : j0 + width] into rows of panel_width.
template <class T>
void pack_panel(const GemmShape& s, const T* b, std::int64_t p0, std::int64_t depth,
                std::int64_t j0, std::int64_t width, T* panel) {
  const std::int64_t stride = panel_width<T>();
  if (s.transpose_b) {
    for (std::int64_t j = 0; j < width; ++j) {
      const T* row = b + (j0 + j) * s.ldb + p0;
      for (std::int64_t p = 0; p < depth; ++p) panel[p * stride + j] = row[p];
    }
    return;
  }
  for (std::int64_t p = 0; p < depth; ++p) {
    const T* row = b + (p0 + p) * s.ldb + j0;
    std::copy(row, row + width, panel + p * stride);
  }
}

// Columns [j0, j1) of rows [i0, i1) of c in outer products.
template <class T>
void outer_block(const GemmShape& s, const T* a, const T* b, T* c, std::int64_t i0, std::int64_t i1,
                 std::int64_t j0, std::int64_t j1) {
  const std::int64_t a_row = s.transpose_a ? 1 : s.lda;
  const std::int64_t a_depth = s.transpose_a ? s.lda : 1;
  const bool pack = s.transpose_b || i1 - i0 >= kPackRows;
  alignas(64) T panel[kPanelDepth * 2 * Simd<T>::kLanes];
  for (std::int64_t j = j0; j < j1; j += panel_width<T>()) {
    const std::int64_t width = std::min(panel_width<T>(), j1 - j);
    for (std::int64_t p = 0; p < s.k; p += kPanelDepth) {
      const std::int64_t depth = std::min(kPanelDepth, s.k - p);
      const StridedRows<T> rows{a + i0 * a_row + p * a_depth, a_row, a_depth};
      ColumnPanel<T> columns{.depth = depth,
                             .c = c + i0 * s.ldc + j,
                             .ldc = s.ldc,
                             .accumulate = s.accumulate || p > 0};
      if (pack) {
        pack_panel(s, b, p, depth, j, width, panel);
        columns.b = panel;
        columns.ldb = panel_width<T>();
      } else {
        columns.b = b + p * s.ldb + j;
        columns.ldb = s.ldb;
      }
      outer_columns<T>(i1 - i0, width, pack ? panel_width<T>() : s.n - j, rows, columns);
    }
  }
}

// All of c in dot products; b is stored transposed, a is not.
template <class T>
void dot_product(const GemmShape& s, const T* a, const T* b, T* c) {
  std::int64_t i = 0;
  for (; i < s.m; i += 2) {
    const bool pair = i + 1 < s.m;
    const T* left = a + i * s.lda;
    T* out = c + i * s.ldc;
    std::int64_t j = 0;
    for (; j + 4 <= s.n; j += 4) {
      if (pair) {
        dot_tile<T, 2, 4>(s.k, left, s.lda, b + j * s.ldb, s.ldb, out + j, s.ldc, s.accumulate);
      } else {
        dot_tile<T, 1, 4>(s.k, left, s.lda, b + j * s.ldb, s.ldb, out + j, s.ldc, s.accumulate);
      }
    }
    for (; j < s.n; ++j) {
      dot_tile<T, 1, 1>(s.k, left, s.lda, b + j * s.ldb, s.ldb, out + j, s.ldc, s.accumulate);
      if (pair) {
        dot_tile<T, 1, 1>(s.k, left + s.lda, s.lda, b + j * s.ldb, s.ldb, out + s.ldc + j, s.ldc,
                          s.accumulate);
      }
    }
  }
}

// Fills c where there is nothing to add up.
template <class T>
void zero(const GemmShape& s, T* c) {
  if (s.accumulate) return;
  for (std::int64_t i = 0; i < s.m; ++i) std::fill_n(c + i * s.ldc, s.n, T{0});
}

template <class T>
void run_serial(const GemmShape& s, const T* a, const T* b, T* c) {
  if (s.k == 0) {
    zero(s, c);
  } else if (s.transpose_b && !s.transpose_a && s.m <= kDotRows && s.k >= 2 * Simd<T>::kLanes) {
    dot_product(s, a, b, c);
  } else {
    outer_block(s, a, b, c, 0, s.m, 0, s.n);
  }
}

bool is_small(const GemmShape& s) { return s.k == 0 || s.m * s.n <= kSerialWork / s.k; }

}  // namespace

void gemm_serial(const GemmShape& shape, const float* a, const float* b, float* c) {
  run_serial(shape, a, b, c);
}

void gemm_serial(const GemmShape& shape, const double* a, const double* b, double* c) {
  run_serial(shape, a, b, c);
}

void gemm(device::DeviceContext& device, const GemmShape& shape, const float* a, const float* b,
          float* c) {
  if (is_small(shape)) {
    run_serial(shape, a, b, c);
  } else {
    onednn_gemm(device, shape, a, b, c);
  }
}

void gemm(device::DeviceContext& device, const GemmShape& shape, const double* a, const double* b,
          double* c) {
  const int threads = device.threads();
  if (threads <= 1 || is_small(shape)) {
    run_serial(shape, a, b, c);
    return;
  }
  if (shape.m >= shape.n) {
    device::cpu::parallel_for(threads, shape.m, 1, [&](std::int64_t begin, std::int64_t end) {
      outer_block(shape, a, b, c, begin, end, 0, shape.n);
    });
  } else {
    const std::int64_t width = panel_width<double>();
    device::cpu::parallel_for(
        threads, (shape.n + width - 1) / width, 1, [&](std::int64_t begin, std::int64_t end) {
          outer_block(shape, a, b, c, 0, shape.m, begin * width, std::min(end * width, shape.n));
        });
  }
}

}  // namespace keen::detail
