#include "tests/sim/libraries/gemm.h"

#include <algorithm>
#include <cstdlib>

#include "tests/sim/core/machine.h"
#include "tests/sim/libraries/library.h"

namespace keen::sim {
namespace {

// Above that many separate lines an operand is one range, gaps included.
constexpr long kMostRanges = 1024;

// Sums at least that long are split where the call permits it (unsourced: cuBLAS chooses by cost).
constexpr long kSplitDepth = 256;

}  // namespace

void add_ranges(const Matrix& matrix, long batch, AccessKind kind, std::vector<Access>* accesses) {
  const bool by_column = matrix.row_stride == 1;
  long length = by_column ? matrix.rows : matrix.columns;
  long lines = by_column ? matrix.columns : matrix.rows;
  const long pitch = by_column ? matrix.column_stride : matrix.row_stride;
  if (matrix.batch_stride == 0) batch = 1;
  if (length == 0 || lines == 0) return;
  if (pitch == length || lines == 1) {
    length *= lines;
    lines = 1;
  }
  const long bytes = static_cast<long>(size_of(matrix.type));
  const auto add = [&](long offset, long elements) {
    accesses->push_back({static_cast<const char*>(matrix.data) + offset * bytes,
                         static_cast<std::size_t>(elements * bytes), kind});
  };
  if (lines == 1 && (batch == 1 || matrix.batch_stride == length)) {
    add(0, length * batch);
    return;
  }
  const bool separate = lines * batch <= kMostRanges;
  for (long b = 0; b < batch; ++b) {
    const long start = b * matrix.batch_stride;
    if (!separate) add(start, (lines - 1) * pitch + length);
    for (long line = 0; separate && line < lines; ++line) add(start + line * pitch, length);
  }
}

std::size_t place(const Matrix& matrix, long row, long column, long batch) {
  return static_cast<std::size_t>(row * matrix.row_stride + column * matrix.column_stride +
                                  batch * matrix.batch_stride);
}

// As the multiplication sees it.
double operand(const Gemm& gemm, const Matrix& matrix, long row, long column, long batch) {
  const double value = load(backing(matrix.data), matrix.type, place(matrix, row, column, batch));
  if (matrix.type != Type::kFloat || gemm.rounding == Rounding::kNone) return value;
  return shorten(static_cast<float>(value), gemm.rounding);
}

namespace {

template <class T>
void product(const Gemm& gemm, long batch, Panels<T>* sums) {
  const long depth = gemm.depth();
  Panels<T> a(gemm.rows(), depth);
  for (long p = 0; p < depth; ++p) {
    for (long i = 0; i < gemm.rows(); ++i) {
      a.at(i, p) = static_cast<T>(operand(gemm, gemm.a, i, p, batch));
    }
  }
  std::vector<T> b(static_cast<std::size_t>(depth * gemm.columns()));
  for (long j = 0; j < gemm.columns(); ++j) {
    for (long p = 0; p < depth; ++p) {
      b[static_cast<std::size_t>(j * depth + p)] =
          static_cast<T>(operand(gemm, gemm.b, p, j, batch));
    }
  }
  if (!gemm.short_partial_sums || depth < kSplitDepth) {
    multiply(a, b, 0, depth, sums);
    return;
  }
  Panels<T> rest(gemm.rows(), gemm.columns());
  multiply(a, b, 0, depth / 2, sums);
  multiply(a, b, depth / 2, depth, &rest);
  for (long j = 0; j < gemm.columns(); ++j) {
    for (long i = 0; i < gemm.rows(); ++i) {
      sums->at(i, j) = static_cast<T>(rounded(sums->at(i, j), gemm.d.type) +
                                      rounded(rest.at(i, j), gemm.d.type));
    }
  }
}

template <class T>
void run(const Gemm& gemm) {
  for (long batch = 0; batch < gemm.batch; ++batch) {
    Panels<T> sums(gemm.rows(), gemm.columns());
    product(gemm, batch, &sums);
    finish(gemm, batch, &sums);
  }
}

bool operands_lie_on_device(const Gemm& gemm) {
  const auto check = [&](const char* name, const void* pointer, Type type) {
    return device_operand(gemm.name, name, pointer, size_of(type));
  };
  if (gemm.depth() != 0 &&
      (!check("A", gemm.a.data, gemm.a.type) || !check("B", gemm.b.data, gemm.b.type))) {
    return false;
  }
  if (gemm.beta != 0 && !check("C", gemm.c.data, gemm.c.type)) return false;
  if (!epilogue_lies_on_device(gemm)) return false;
  return check("the output", gemm.d.data, gemm.d.type);
}

// Whether an element of one instance is one of another as well. Instances may lie within each
// other's lines, as the heads of an attention do.
bool instances_overlap(const Matrix& matrix, long batch) {
  const bool by_columns = matrix.column_stride >= matrix.row_stride;
  const long leading = by_columns ? matrix.column_stride : matrix.row_stride;
  const long step = by_columns ? matrix.row_stride : matrix.column_stride;
  const long lines = by_columns ? matrix.columns : matrix.rows;
  const long length = ((by_columns ? matrix.rows : matrix.columns) - 1) * step;
  const long distance = std::abs(matrix.batch_stride);
  for (long k = 1; k < batch && k * distance <= (lines - 1) * leading + length; ++k) {
    const long line = leading == 0 ? 0 : k * distance / leading;
    for (const long from : {line, line + 1}) {
      if (from < lines && std::abs(k * distance - from * leading) <= length) return true;
    }
  }
  return false;
}

}  // namespace

GemmResult enqueue_gemm(cudaStream_t stream, const Gemm& gemm) {
  if (gemm.rows() == 0 || gemm.columns() == 0 || gemm.batch == 0) return GemmResult::kDone;
  if (!operands_lie_on_device(gemm)) return GemmResult::kInvalid;
  if (instances_overlap(gemm.d, gemm.batch)) {
    Machine::get().report("overlap", gemm.name + ": instances of the batch share their output");
    return GemmResult::kInvalid;
  }
  Operation operation;
  operation.name = gemm.name;
  operation.flops = 2LL * gemm.rows() * gemm.columns() * gemm.depth() * gemm.batch;
  add_ranges(gemm.a, gemm.batch, AccessKind::kRead, &operation.accesses);
  add_ranges(gemm.b, gemm.batch, AccessKind::kRead, &operation.accesses);
  if (gemm.beta != 0) add_ranges(gemm.c, gemm.batch, AccessKind::kRead, &operation.accesses);
  add_ranges(gemm.d, gemm.batch, AccessKind::kWrite, &operation.accesses);
  add_epilogue_ranges(gemm, &operation.accesses);
  operation.body = [gemm](Execution&) { gemm.wide ? run<double>(gemm) : run<float>(gemm); };
  // A split sum keeps two partial results.
  const std::size_t partial =
      2 * sizeof(float) * static_cast<std::size_t>(gemm.rows() * gemm.columns());
  spoil_workspace(&operation, gemm.workspace, std::min(gemm.workspace_bytes, partial));
  return submit(stream, std::move(operation)) ? GemmResult::kDone : GemmResult::kFailed;
}

}  // namespace keen::sim
