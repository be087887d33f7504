#pragma once
#include <string>

#include "tests/sim/core/operation.h"
#include "tests/sim/libraries/numeric.h"

namespace keen::sim {

// One operand, the transposition applied: element (i, j) of instance b lies at
// i * row_stride + j * column_stride + b * batch_stride.
struct Matrix {
  const void* data = nullptr;
  Type type = Type::kFloat;
  long rows = 0;
  long columns = 0;
  long row_stride = 1;
  long column_stride = 0;
  long batch_stride = 0;

  Matrix transposed() const {
    Matrix other = *this;
    std::swap(other.rows, other.columns);
    std::swap(other.row_stride, other.column_stride);
    return other;
  }
};

enum class Activation { kNone, kRelu, kGelu };
enum class BiasGradient { kNone, kOfA, kOfB };

// d = activation(alpha a b + beta c + bias), for each instance of the batch.
struct Gemm {
  std::string name;
  Matrix a, b, c, d;
  double alpha = 1;
  double beta = 0;
  long batch = 1;
  bool wide = false;  // sums in double
  Rounding rounding = Rounding::kNone;
  // The sum may be split, its parts kept in the type of the output.
  bool short_partial_sums = false;
  Activation activation = Activation::kNone;
  const void* bias = nullptr;  // one value per row of d, of d's type
  BiasGradient gradient = BiasGradient::kNone;
  void* gradient_out = nullptr;  // sums over the rows of a or the columns of b, of d's type
  long bias_batch_stride = 0;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;

  long rows() const { return d.rows; }
  long columns() const { return d.columns; }
  long depth() const { return a.columns; }
};

enum class GemmResult { kDone, kInvalid, kFailed };

// Checks the operands' memory and enqueues the product.
GemmResult enqueue_gemm(cudaStream_t stream, const Gemm& gemm);

}  // namespace keen::sim
