#pragma once
#include <string>

#include "tests/sim/core/operation.h"
#include "tests/sim/libraries/numeric.h"
#include "tests/sim/libraries/panels.h"

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

enum class Activation { kNone, kRelu, kGelu, kReluGradient, kGeluGradient };
enum class BiasGradient { kNone, kOfA, kOfB, kOfResult };

// What an activation leaves for its gradient: of ReLU a bit for each element of d, set where the
// input was positive, `leading` bits from column to column; of GELU its input, in d's type.
struct Auxiliary {
  void* data = nullptr;  // nullptr: none
  long leading = 0;
  long batch_stride = 0;
};

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
  Auxiliary auxiliary = {};    // written by an activation, read by a gradient
  const void* bias = nullptr;  // one value per row of d, of d's type
  BiasGradient gradient = BiasGradient::kNone;
  void* gradient_out = nullptr;  // sums over the rows of a or d, or the columns of b
  long bias_batch_stride = 0;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;

  long rows() const { return d.rows; }
  long columns() const { return d.columns; }
  long depth() const { return a.columns; }
  bool reads_auxiliary() const {
    return activation == Activation::kReluGradient || activation == Activation::kGeluGradient;
  }
  bool has_mask() const {
    return activation == Activation::kRelu || activation == Activation::kReluGradient;
  }
};

// What happens to one instance of the batch behind its product, up to the output.
template <class T>
void finish(const Gemm& gemm, long batch, Panels<T>* sums);

// What the epilogue reads and writes beside the output.
bool epilogue_lies_on_device(const Gemm& gemm);
void add_epilogue_ranges(const Gemm& gemm, std::vector<Access>* accesses);

// Of a matrix, for all instances of the batch. For gemm.cpp and gemm_epilogue.cpp.
void add_ranges(const Matrix& matrix, long batch, AccessKind kind, std::vector<Access>* accesses);
std::size_t place(const Matrix& matrix, long row, long column, long batch);
double operand(const Gemm& gemm, const Matrix& matrix, long row, long column, long batch);

enum class GemmResult { kDone, kInvalid, kFailed };

// Checks the operands' memory and enqueues the product.
GemmResult enqueue_gemm(cudaStream_t stream, const Gemm& gemm);

}  // namespace keen::sim
