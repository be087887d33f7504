#pragma once
#include <cublas_v2.h>

#include "tests/sim/libraries/cublaslt_descriptors.h"
#include "tests/sim/libraries/gemm.h"

namespace keen::sim {

bool is_known_epilogue(std::uint32_t epilogue);
// More than the output: a vector or a matrix beside it.
bool has_vector(std::uint32_t epilogue);
bool has_auxiliary(std::uint32_t epilogue);

// Fills in what the epilogue says; all else of `gemm` is there.
cublasStatus_t set_epilogue(const MatmulDescriptor& operation, Gemm* gemm);

}  // namespace keen::sim
