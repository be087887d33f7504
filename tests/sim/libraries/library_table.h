#pragma once
#include <cstddef>
#include <vector>

#include "tests/sim/libraries/convolution.h"

namespace keen::sim {

// What NVIDIA's libraries answered on a GPU, as programs/library_table.cu wrote it down: the file
// that CUDASIM_LIBRARY_TABLE names. Read when the stand-in is loaded; a file that cannot be read
// ends the process as a bad setting does. What follows gives nullptr for what the table does not
// hold.

struct ConvolutionAnswer {
  cudnnStatus_t heuristics;  // of the call that lists algorithms
  AlgorithmFacts facts;
};
const ConvolutionAnswer* find_answer(Direction direction, int algorithm,
                                     const Convolution& convolution);

// A dense column-major product of one type. m, n and k are those of the product.
struct MatmulQuestion {
  long m = 0, n = 0, k = 0;
  bool transposes_a = false, transposes_b = false;
  cudaDataType type = CUDA_R_32F;
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  long batch = 1;
  // Of the preference: the least alignment of the four matrices, and the reductions permitted.
  long alignment = 0, reductions = 0;
};
struct MatmulAnswer {
  cublasStatus_t heuristics = CUBLAS_STATUS_SUCCESS;
  std::vector<std::size_t> workspace_bytes;  // one per result
  cublasStatus_t run = CUBLAS_STATUS_SUCCESS;
};
const MatmulAnswer* find_answer(const MatmulQuestion& question);

}  // namespace keen::sim
