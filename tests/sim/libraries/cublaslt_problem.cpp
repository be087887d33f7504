// What cublasLtMatmul is asked for: cublasLt.h, descriptors of matmuls and layouts.
#include "tests/sim/libraries/cublaslt_problem.h"

#include <string>

#include "tests/sim/libraries/cublas_types.h"
#include "tests/sim/libraries/cublaslt_epilogue.h"
#include "tests/sim/libraries/library.h"

namespace keen::sim {
namespace {

Matrix matrix(const LayoutDescriptor& layout, Type type, std::int32_t operation) {
  const bool row_major = layout.order == CUBLASLT_ORDER_ROW;
  const Matrix stored{.data = nullptr,
                      .type = type,
                      .rows = static_cast<long>(layout.rows),
                      .columns = static_cast<long>(layout.columns),
                      .row_stride = row_major ? layout.leading : 1,
                      .column_stride = row_major ? 1 : layout.leading,
                      .batch_stride = layout.batch_stride};
  return operation == CUBLAS_OP_N ? stored : stored.transposed();
}

bool is_layout_valid(const LayoutDescriptor& layout) {
  const std::uint64_t least = layout.order == CUBLASLT_ORDER_ROW ? layout.columns : layout.rows;
  return layout.leading >= 0 && static_cast<std::uint64_t>(layout.leading) >= least &&
         layout.batch >= 1;
}

// Names the first part of a problem that the stand-in does not have; empty: it has all.
std::string missing_part(const Problem& problem) {
  const MatmulDescriptor& operation = problem.operation;
  if (!compute_mode(static_cast<cublasComputeType_t>(operation.compute))) {
    return "compute type " + std::to_string(operation.compute);
  }
  for (const auto* layout : {&problem.a, &problem.b, &problem.c, &problem.d}) {
    if (!blas_type(static_cast<cudaDataType>(layout->type))) {
      return "data type " + std::to_string(layout->type);
    }
    if (layout->order != CUBLASLT_ORDER_COL && layout->order != CUBLASLT_ORDER_ROW) {
      return "order " + std::to_string(layout->order);
    }
  }
  if (!is_known_epilogue(operation.epilogue)) {
    return "epilogue " + std::to_string(operation.epilogue);
  }
  // Conservative, unsourced: the documentation describes vectors and auxiliary matrices for
  // column-major outputs.
  const bool auxiliary = has_auxiliary(operation.epilogue);
  if ((has_vector(operation.epilogue) || auxiliary) && problem.d.order != CUBLASLT_ORDER_COL) {
    return "epilogue " + std::to_string(operation.epilogue) + " with a row-major output";
  }
  if (auxiliary && problem.d.type == CUDA_R_64F) {
    return "epilogue " + std::to_string(operation.epilogue) + " in double";
  }
  if (auxiliary && operation.auxiliary_type != -1 &&
      operation.auxiliary_type != static_cast<std::int32_t>(problem.d.type)) {
    return "auxiliary data type " + std::to_string(operation.auxiliary_type);
  }
  if (operation.pointer_mode != CUBLASLT_POINTER_MODE_HOST) {
    return "pointer mode " + std::to_string(operation.pointer_mode);
  }
  if (operation.operation_c != CUBLAS_OP_N) return "a transposed C";
  if (operation.fill != CUBLAS_FILL_MODE_FULL) {
    return "fill mode " + std::to_string(operation.fill);
  }
  return {};
}

bool shapes_agree(const Gemm& gemm) {
  return gemm.a.rows == gemm.d.rows && gemm.b.columns == gemm.d.columns &&
         gemm.a.columns == gemm.b.rows && gemm.c.rows == gemm.d.rows &&
         gemm.c.columns == gemm.d.columns;
}

}  // namespace

bool read_problem(cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a,
                  cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                  Problem* problem) {
  return read_state(operation, &problem->operation) && read_state(a, &problem->a) &&
         read_state(b, &problem->b) && read_state(c, &problem->c) && read_state(d, &problem->d);
}

cublasStatus_t describe(const char* api, const Problem& problem, Gemm* gemm) {
  const MatmulDescriptor& operation = problem.operation;
  const std::string missing = missing_part(problem);
  if (!missing.empty()) {
    report_unsupported(api, missing);
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (!is_operation(static_cast<cublasOperation_t>(operation.operation_a)) ||
      !is_operation(static_cast<cublasOperation_t>(operation.operation_b))) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  for (const auto* layout : {&problem.a, &problem.b, &problem.c, &problem.d}) {
    if (!is_layout_valid(*layout) || layout->batch != problem.d.batch) {
      return CUBLAS_STATUS_INVALID_VALUE;
    }
  }
  const auto type = [](const LayoutDescriptor& layout) {
    return *blas_type(static_cast<cudaDataType>(layout.type));
  };
  const auto mode = *compute_mode(static_cast<cublasComputeType_t>(operation.compute));
  gemm->name = kMatmul;
  gemm->a = matrix(problem.a, type(problem.a), operation.operation_a);
  gemm->b = matrix(problem.b, type(problem.b), operation.operation_b);
  gemm->c = matrix(problem.c, type(problem.c), CUBLAS_OP_N);
  gemm->d = matrix(problem.d, type(problem.d), CUBLAS_OP_N);
  gemm->batch = problem.d.batch;
  gemm->wide = mode.wide;
  gemm->rounding = overridden(mode.rounding);
  if (!shapes_agree(*gemm)) return CUBLAS_STATUS_INVALID_VALUE;
  if (operation.scale != (mode.wide ? CUDA_R_64F : CUDA_R_32F) || gemm->c.type != gemm->d.type ||
      !types_agree(gemm->a.type, gemm->b.type, gemm->d.type, mode.wide)) {
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (operation.bias_type != -1 &&
      operation.bias_type != static_cast<std::int32_t>(problem.d.type)) {
    report_unsupported(api, "a bias of another type than the output");
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  const bool short_output = gemm->d.type == Type::kHalf || gemm->d.type == Type::kBfloat16;
  gemm->short_partial_sums = short_output && !mode.pedantic;
  return CUBLAS_STATUS_SUCCESS;
}

std::uint64_t fingerprint(const Problem& problem) {
  const MatmulDescriptor& operation = problem.operation;
  std::string text;
  const auto add = [&](auto value) { text += ' ' + std::to_string(value); };
  add(operation.compute);
  add(operation.scale);
  add(operation.operation_a);
  add(operation.operation_b);
  add(operation.epilogue);
  if (has_auxiliary(operation.epilogue)) add(operation.auxiliary_leading);
  for (const auto* layout : {&problem.a, &problem.b, &problem.c, &problem.d}) {
    add(layout->type);
    add(layout->order);
    add(layout->rows);
    add(layout->columns);
    add(layout->leading);
    add(layout->batch);
    if (layout->batch > 1) add(layout->batch_stride);
  }
  return hash_of(text, 0);
}

}  // namespace keen::sim
