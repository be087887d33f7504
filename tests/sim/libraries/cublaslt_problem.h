#pragma once
#include <cublasLt.h>

#include <cstdint>

#include "tests/sim/libraries/cublaslt_descriptors.h"
#include "tests/sim/libraries/gemm.h"

namespace keen::sim {

inline constexpr const char* kMatmul = "cublasLtMatmul";

// The descriptors of one matmul.
struct Problem {
  MatmulDescriptor operation;
  LayoutDescriptor a, b, c, d;
};

// False: one of them is not an initialised descriptor of its kind.
bool read_problem(cublasLtMatmulDesc_t operation, cublasLtMatrixLayout_t a,
                  cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                  Problem* problem);

// Fills in all of `gemm` but the pointers and the scalars.
cublasStatus_t describe(const char* api, const Problem& problem, Gemm* gemm);

// All of a problem but its pointers.
std::uint64_t fingerprint(const Problem& problem);

}  // namespace keen::sim
