#include <algorithm>

#include "tests/sim/core/machine.h"
#include "tests/sim/libraries/cublas_types.h"
#include "tests/sim/libraries/library.h"

namespace keen::sim {
namespace {

// The arguments that all the products of cuBLAS share.
struct Product {
  const char* api;
  cublasHandle_t handle;
  cublasOperation_t op_a, op_b;
  long m, n, k;
  const void* alpha;
  const void* a;
  cudaDataType type_a;
  long lda, stride_a;
  const void* b;
  cudaDataType type_b;
  long ldb, stride_b;
  const void* beta;
  void* c;
  cudaDataType type_c;
  long ldc, stride_c;
  long batch;
  cublasComputeType_t compute;
};

// Column-major with `leading` elements from column to column; `operation` applied.
Matrix operand(const void* data, Type type, cublasOperation_t operation, long rows, long columns,
               long leading, long batch_stride) {
  const bool transposed = operation != CUBLAS_OP_N;
  const Matrix stored{.data = data,
                      .type = type,
                      .rows = transposed ? columns : rows,
                      .columns = transposed ? rows : columns,
                      .row_stride = 1,
                      .column_stride = leading,
                      .batch_stride = batch_stride};
  return transposed ? stored.transposed() : stored;
}

bool sizes_are_valid(const Product& p) {
  const auto least = [](long rows) { return std::max(1L, rows); };
  return is_operation(p.op_a) && is_operation(p.op_b) && p.m >= 0 && p.n >= 0 && p.k >= 0 &&
         p.batch >= 0 && p.lda >= least(p.op_a == CUBLAS_OP_N ? p.m : p.k) &&
         p.ldb >= least(p.op_b == CUBLAS_OP_N ? p.k : p.n) && p.ldc >= least(p.m);
}

// What the math mode of the handle adds to what the compute type permits (cuBLAS, "cublasMath_t").
Rounding mode_rounding(const cublasContext& handle, const ComputeMode& mode) {
  constexpr int kModeBits = 0xf;
  if (mode.rounding != Rounding::kNone || mode.pedantic || mode.wide) return mode.rounding;
  switch (handle.math & kModeBits) {
    case CUBLAS_TENSOR_OP_MATH:  // "same effect as using CUBLAS_COMPUTE_32F_FAST_16F"
      return Rounding::kHalf;
    case CUBLAS_TF32_TENSOR_OP_MATH:
      return has_tf32() ? Rounding::kTf32 : Rounding::kNone;
    default:
      return Rounding::kNone;
  }
}

// cuBLAS, "cublasSetWorkspace": one that is too small may make routines fail with
// CUBLAS_STATUS_ALLOC_FAILED; 16 KiB are enough to prevent it.
constexpr std::size_t kLeastWorkspace = 16 * 1024;

cublasStatus_t multiply(const Product& p) {
  const auto mode = compute_mode(p.compute);
  const auto type_a = blas_type(p.type_a);
  const auto type_b = blas_type(p.type_b);
  const auto type_c = blas_type(p.type_c);
  if (!mode || !type_a || !type_b || !type_c) {
    report_unsupported(p.api, "types " + std::to_string(p.type_a) + ", " +
                                  std::to_string(p.type_b) + ", " + std::to_string(p.type_c) +
                                  " with compute type " + std::to_string(p.compute));
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (!types_agree(*type_a, *type_b, *type_c, mode->wide)) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (*type_a == Type::kBfloat16 && !has_tf32()) return CUBLAS_STATUS_ARCH_MISMATCH;
  const cublasContext& handle = *p.handle;
  if (handle.workspace != nullptr && handle.workspace_bytes < kLeastWorkspace) {
    return CUBLAS_STATUS_ALLOC_FAILED;
  }
  const auto scalar = [&](const void* value) {
    return load(value, mode->wide ? Type::kDouble : Type::kFloat, 0);
  };
  const Matrix c = operand(p.c, *type_c, CUBLAS_OP_N, p.m, p.n, p.ldc, p.stride_c);
  const bool short_output = *type_c == Type::kHalf || *type_c == Type::kBfloat16;
  const Gemm gemm{
      .name = p.api,
      .a = operand(p.a, *type_a, p.op_a, p.m, p.k, p.lda, p.stride_a),
      .b = operand(p.b, *type_b, p.op_b, p.k, p.n, p.ldb, p.stride_b),
      .c = c,
      .d = c,
      .alpha = scalar(p.alpha),
      .beta = scalar(p.beta),
      .batch = p.batch,
      .wide = mode->wide,
      .rounding = overridden(mode_rounding(handle, *mode)),
      .short_partial_sums = short_output && !mode->pedantic &&
                            (handle.math & CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION) == 0,
      .workspace = handle.workspace,
      .workspace_bytes = handle.workspace_bytes};
  return blas_status(enqueue_gemm(handle.stream, gemm));
}

cublasStatus_t check_and_multiply(const Product& p) {
  const Guard guard(Machine::get());
  if (const int e = enter(p.api)) return static_cast<cublasStatus_t>(e);
  if (!registry<cublasContext>().has(p.handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!sizes_are_valid(p)) return CUBLAS_STATUS_INVALID_VALUE;
  if (!host_scalar(p.api, "alpha", p.alpha) || !host_scalar(p.api, "beta", p.beta)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (!same_device(p.api, p.handle->device, p.handle->stream)) return CUBLAS_STATUS_INVALID_VALUE;
  return multiply(p);
}

bool is_known_algorithm(cublasGemmAlgo_t algorithm) {
  return (algorithm >= CUBLAS_GEMM_DEFAULT && algorithm <= CUBLAS_GEMM_ALGO23) ||
         (algorithm >= CUBLAS_GEMM_DEFAULT_TENSOR_OP && algorithm <= CUBLAS_GEMM_ALGO15_TENSOR_OP);
}

cublasStatus_t check_algorithm(const Product& p, cublasGemmAlgo_t algorithm) {
  if (is_known_algorithm(algorithm)) return check_and_multiply(p);
  const Guard guard(Machine::get());
  if (const int e = enter(p.api)) return static_cast<cublasStatus_t>(e);
  report_unsupported(p.api, "algorithm " + std::to_string(algorithm));
  return CUBLAS_STATUS_INVALID_VALUE;
}

}  // namespace
}  // namespace keen::sim

using keen::sim::check_algorithm;
using keen::sim::check_and_multiply;

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t transa,
                              cublasOperation_t transb, int m, int n, int k, const float* alpha,
                              const float* A, int lda, const float* B, int ldb, const float* beta,
                              float* C, int ldc) {
  return check_and_multiply({"cublasSgemm_v2",
                             handle,
                             transa,
                             transb,
                             m,
                             n,
                             k,
                             alpha,
                             A,
                             CUDA_R_32F,
                             lda,
                             0,
                             B,
                             CUDA_R_32F,
                             ldb,
                             0,
                             beta,
                             C,
                             CUDA_R_32F,
                             ldc,
                             0,
                             1,
                             CUBLAS_COMPUTE_32F});
}

cublasStatus_t cublasDgemm_v2(cublasHandle_t handle, cublasOperation_t transa,
                              cublasOperation_t transb, int m, int n, int k, const double* alpha,
                              const double* A, int lda, const double* B, int ldb,
                              const double* beta, double* C, int ldc) {
  return check_and_multiply({"cublasDgemm_v2",
                             handle,
                             transa,
                             transb,
                             m,
                             n,
                             k,
                             alpha,
                             A,
                             CUDA_R_64F,
                             lda,
                             0,
                             B,
                             CUDA_R_64F,
                             ldb,
                             0,
                             beta,
                             C,
                             CUDA_R_64F,
                             ldc,
                             0,
                             1,
                             CUBLAS_COMPUTE_64F});
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
                                         cublasOperation_t transb, int m, int n, int k,
                                         const float* alpha, const float* A, int lda,
                                         long long strideA, const float* B, int ldb,
                                         long long strideB, const float* beta, float* C, int ldc,
                                         long long strideC, int batchCount) {
  return check_and_multiply({"cublasSgemmStridedBatched",
                             handle,
                             transa,
                             transb,
                             m,
                             n,
                             k,
                             alpha,
                             A,
                             CUDA_R_32F,
                             lda,
                             strideA,
                             B,
                             CUDA_R_32F,
                             ldb,
                             strideB,
                             beta,
                             C,
                             CUDA_R_32F,
                             ldc,
                             strideC,
                             batchCount,
                             CUBLAS_COMPUTE_32F});
}

cublasStatus_t cublasDgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
                                         cublasOperation_t transb, int m, int n, int k,
                                         const double* alpha, const double* A, int lda,
                                         long long strideA, const double* B, int ldb,
                                         long long strideB, const double* beta, double* C, int ldc,
                                         long long strideC, int batchCount) {
  return check_and_multiply({"cublasDgemmStridedBatched",
                             handle,
                             transa,
                             transb,
                             m,
                             n,
                             k,
                             alpha,
                             A,
                             CUDA_R_64F,
                             lda,
                             strideA,
                             B,
                             CUDA_R_64F,
                             ldb,
                             strideB,
                             beta,
                             C,
                             CUDA_R_64F,
                             ldc,
                             strideC,
                             batchCount,
                             CUBLAS_COMPUTE_64F});
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa,
                            cublasOperation_t transb, int m, int n, int k, const void* alpha,
                            const void* A, cudaDataType Atype, int lda, const void* B,
                            cudaDataType Btype, int ldb, const void* beta, void* C,
                            cudaDataType Ctype, int ldc, cublasComputeType_t computeType,
                            cublasGemmAlgo_t algo) {
  return check_algorithm(
      {"cublasGemmEx", handle, transa, transb, m, n,     k,   alpha, A, Atype,      lda, 0, B,
       Btype,          ldb,    0,      beta,   C, Ctype, ldc, 0,     1, computeType},
      algo);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transa,
                                          cublasOperation_t transb, int m, int n, int k,
                                          const void* alpha, const void* A, cudaDataType Atype,
                                          int lda, long long strideA, const void* B,
                                          cudaDataType Btype, int ldb, long long strideB,
                                          const void* beta, void* C, cudaDataType Ctype, int ldc,
                                          long long strideC, int batchCount,
                                          cublasComputeType_t computeType, cublasGemmAlgo_t algo) {
  return check_algorithm({"cublasGemmStridedBatchedEx",
                          handle,
                          transa,
                          transb,
                          m,
                          n,
                          k,
                          alpha,
                          A,
                          Atype,
                          lda,
                          strideA,
                          B,
                          Btype,
                          ldb,
                          strideB,
                          beta,
                          C,
                          Ctype,
                          ldc,
                          strideC,
                          batchCount,
                          computeType},
                         algo);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
