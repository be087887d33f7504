// cuBLASLt and cuDNN, which are not linked: a process that uses a GPU opens them, for loading them
// takes 0.15 s and 200 MB.
#pragma once

#include <cublasLt.h>
#include <cudnn.h>

namespace keen::device::cuda {

// The functions that Keen uses.
#define KEEN_CUBLASLT_FUNCTIONS(X)         \
  X(cublasLtCreate)                        \
  X(cublasLtGetStatusName)                 \
  X(cublasLtGetStatusString)               \
  X(cublasLtMatmul)                        \
  X(cublasLtMatmulAlgoGetHeuristic)        \
  X(cublasLtMatmulDescInit_internal)       \
  X(cublasLtMatmulDescSetAttribute)        \
  X(cublasLtMatmulPreferenceInit_internal) \
  X(cublasLtMatmulPreferenceSetAttribute)  \
  X(cublasLtMatrixLayoutInit_internal)     \
  X(cublasLtMatrixLayoutSetAttribute)

#define KEEN_CUDNN_FUNCTIONS(X)                    \
  X(cudnnConvolutionBackwardData)                  \
  X(cudnnConvolutionBackwardFilter)                \
  X(cudnnConvolutionForward)                       \
  X(cudnnCreate)                                   \
  X(cudnnCreateConvolutionDescriptor)              \
  X(cudnnCreateFilterDescriptor)                   \
  X(cudnnCreateTensorDescriptor)                   \
  X(cudnnDestroyConvolutionDescriptor)             \
  X(cudnnDestroyFilterDescriptor)                  \
  X(cudnnDestroyTensorDescriptor)                  \
  X(cudnnGetConvolutionBackwardDataAlgorithm_v7)   \
  X(cudnnGetConvolutionBackwardFilterAlgorithm_v7) \
  X(cudnnGetConvolutionForwardAlgorithm_v7)        \
  X(cudnnGetErrorString)                           \
  X(cudnnSetConvolution2dDescriptor)               \
  X(cudnnSetConvolutionGroupCount)                 \
  X(cudnnSetConvolutionMathType)                   \
  X(cudnnSetFilter4dDescriptor)                    \
  X(cudnnSetStream)                                \
  X(cudnnSetTensor4dDescriptor)

#define KEEN_LIBRARY_MEMBER(function) decltype(&::function) function = nullptr;
struct CublasLt {
  KEEN_CUBLASLT_FUNCTIONS(KEEN_LIBRARY_MEMBER)
};
struct Cudnn {
  KEEN_CUDNN_FUNCTIONS(KEEN_LIBRARY_MEMBER)
};
#undef KEEN_LIBRARY_MEMBER

// The library, opened at the first call. NotFoundError that names the library, or the function that
// it lacks.
[[nodiscard]] const CublasLt& cublaslt();
[[nodiscard]] const Cudnn& cudnn();

// As check in status.h: ResourceExhaustedError for memory, UnimplementedError for what the library
// does not support, InternalError else; the first fault's error if a kernel has faulted.
void check(cublasStatus_t status, const char* call);
void check(cudnnStatus_t status, const char* call);

// Whether the library says that it lacks what it was asked for, so that another way may be tried.
[[nodiscard]] bool is_refusal(cublasStatus_t status);
[[nodiscard]] bool is_refusal(cudnnStatus_t status);

}  // namespace keen::device::cuda
