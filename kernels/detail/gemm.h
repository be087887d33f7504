// Matrix products on plain pointers.
#pragma once

#include <cstdint>

namespace keen::device {
class DeviceContext;
}

namespace keen::detail {

// A product of two row-major matrices: c[m, n] = op(a) op(b), or c + op(a) op(b).
struct GemmShape {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  bool transpose_a = false;  // a is stored as [k, m], else as [m, k]
  bool transpose_b = false;  // b is stored as [n, k], else as [k, n]
  std::int64_t lda = 0;      // elements from one stored row of a to the next
  std::int64_t ldb = 0;      // the same for b
  std::int64_t ldc = 0;      // the same for c
  bool accumulate = false;   // add to what c holds

  // The shape of matrices without gaps between their rows.
  static GemmShape dense(std::int64_t m, std::int64_t n, std::int64_t k, bool transpose_a,
                         bool transpose_b) {
    return {m, n, k, transpose_a, transpose_b, transpose_a ? m : k, transpose_b ? k : n, n, false};
  }
};

// Multiplies on at most the device's threads; k = 0 gives zeros. Small products run on the calling
// thread and start nothing; larger float32 ones are oneDNN's, float64 ones are Keen's own. The same
// thread count gives the same bits.
void gemm(device::DeviceContext& device, const GemmShape& shape, const float* a, const float* b,
          float* c);
void gemm(device::DeviceContext& device, const GemmShape& shape, const double* a, const double* b,
          double* c);

// The same on the calling thread, by Keen's own kernels.
void gemm_serial(const GemmShape& shape, const float* a, const float* b, float* c);
void gemm_serial(const GemmShape& shape, const double* a, const double* b, double* c);

}  // namespace keen::detail
