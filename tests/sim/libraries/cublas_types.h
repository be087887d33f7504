#pragma once
#include <cublas_v2.h>

#include <optional>
#include <string>

#include "tests/sim/libraries/gemm.h"
#include "tests/sim/libraries/library.h"

// The handle that <cublas_api.h> declares.
struct cublasContext {  // NOLINT(readability-identifier-naming)
  int device = 0;
  cudaStream_t stream = nullptr;
  cublasMath_t math = CUBLAS_DEFAULT_MATH;
  cublasAtomicsMode_t atomics = CUBLAS_ATOMICS_NOT_ALLOWED;
  void* workspace = nullptr;  // nullptr: the library's own
  std::size_t workspace_bytes = 0;
};

namespace keen::sim {

inline std::optional<Type> blas_type(cudaDataType type) {
  switch (type) {
    case CUDA_R_32F:
      return Type::kFloat;
    case CUDA_R_16F:
      return Type::kHalf;
    case CUDA_R_16BF:
      return Type::kBfloat16;
    case CUDA_R_64F:
      return Type::kDouble;
    default:
      return std::nullopt;
  }
}

// What a compute type does; nothing: the stand-in has no such compute type.
struct ComputeMode {
  bool wide = false;
  bool pedantic = false;
  Rounding rounding = Rounding::kNone;
};

inline std::optional<ComputeMode> compute_mode(cublasComputeType_t compute) {
  switch (compute) {
    case CUBLAS_COMPUTE_32F:
      return ComputeMode{};
    case CUBLAS_COMPUTE_32F_PEDANTIC:
      return ComputeMode{.pedantic = true};
    case CUBLAS_COMPUTE_32F_FAST_TF32:
      return ComputeMode{.rounding = has_tf32() ? Rounding::kTf32 : Rounding::kNone};
    case CUBLAS_COMPUTE_32F_FAST_16F:
      return ComputeMode{.rounding = Rounding::kHalf};
    case CUBLAS_COMPUTE_32F_FAST_16BF:
      return ComputeMode{.rounding = has_tf32() ? Rounding::kBfloat16 : Rounding::kNone};
    case CUBLAS_COMPUTE_64F:
      return ComputeMode{.wide = true};
    case CUBLAS_COMPUTE_64F_PEDANTIC:
      return ComputeMode{.wide = true, .pedantic = true};
    default:
      return std::nullopt;
  }
}

inline bool is_operation(cublasOperation_t operation) {
  return operation == CUBLAS_OP_N || operation == CUBLAS_OP_T || operation == CUBLAS_OP_C;
}

inline cublasStatus_t blas_status(GemmResult result) {
  if (result == GemmResult::kDone) return CUBLAS_STATUS_SUCCESS;
  return result == GemmResult::kInvalid ? CUBLAS_STATUS_INVALID_VALUE
                                        : CUBLAS_STATUS_EXECUTION_FAILED;
}

// Which types of inputs, output and compute go together (cuBLAS, "cublasGemmEx", the table of
// supported types; the part of it that the stand-in has).
inline bool types_agree(Type a, Type b, Type c, bool wide) {
  if (a != b) return false;
  if (wide || a == Type::kDouble) return wide && a == Type::kDouble && c == Type::kDouble;
  return c == Type::kFloat || c == a;
}

}  // namespace keen::sim
