// cuBLASLt and cuDNN, which are not linked: a process that uses a GPU opens them, for loading them
// takes 0.15 s and 200 MB.
#pragma once

#include <cublasLt.h>
#include <cudnn.h>

namespace keen::device::cuda {

// The functions that Keen uses, under their own names; libraries.cpp lists them once more.
// NOLINTBEGIN(readability-identifier-naming)
struct CublasLt {
  decltype(&::cublasLtCreate) cublasLtCreate = nullptr;
  decltype(&::cublasLtGetStatusName) cublasLtGetStatusName = nullptr;
  decltype(&::cublasLtGetStatusString) cublasLtGetStatusString = nullptr;
  decltype(&::cublasLtMatmul) cublasLtMatmul = nullptr;
  decltype(&::cublasLtMatmulAlgoGetHeuristic) cublasLtMatmulAlgoGetHeuristic = nullptr;
  decltype(&::cublasLtMatmulDescInit_internal) cublasLtMatmulDescInit_internal = nullptr;
  decltype(&::cublasLtMatmulDescSetAttribute) cublasLtMatmulDescSetAttribute = nullptr;
  decltype(&::cublasLtMatmulPreferenceInit_internal) cublasLtMatmulPreferenceInit_internal =
      nullptr;
  decltype(&::cublasLtMatmulPreferenceSetAttribute) cublasLtMatmulPreferenceSetAttribute = nullptr;
  decltype(&::cublasLtMatrixLayoutInit_internal) cublasLtMatrixLayoutInit_internal = nullptr;
  decltype(&::cublasLtMatrixLayoutSetAttribute) cublasLtMatrixLayoutSetAttribute = nullptr;
};
struct Cudnn {
  decltype(&::cudnnConvolutionBackwardData) cudnnConvolutionBackwardData = nullptr;
  decltype(&::cudnnConvolutionBackwardFilter) cudnnConvolutionBackwardFilter = nullptr;
  decltype(&::cudnnConvolutionBiasActivationForward) cudnnConvolutionBiasActivationForward =
      nullptr;
  decltype(&::cudnnConvolutionForward) cudnnConvolutionForward = nullptr;
  decltype(&::cudnnCreate) cudnnCreate = nullptr;
  decltype(&::cudnnCreateActivationDescriptor) cudnnCreateActivationDescriptor = nullptr;
  decltype(&::cudnnCreateConvolutionDescriptor) cudnnCreateConvolutionDescriptor = nullptr;
  decltype(&::cudnnCreateFilterDescriptor) cudnnCreateFilterDescriptor = nullptr;
  decltype(&::cudnnCreateTensorDescriptor) cudnnCreateTensorDescriptor = nullptr;
  decltype(&::cudnnDestroyActivationDescriptor) cudnnDestroyActivationDescriptor = nullptr;
  decltype(&::cudnnDestroyConvolutionDescriptor) cudnnDestroyConvolutionDescriptor = nullptr;
  decltype(&::cudnnDestroyFilterDescriptor) cudnnDestroyFilterDescriptor = nullptr;
  decltype(&::cudnnDestroyTensorDescriptor) cudnnDestroyTensorDescriptor = nullptr;
  decltype(&::cudnnFindConvolutionBackwardDataAlgorithm) cudnnFindConvolutionBackwardDataAlgorithm =
      nullptr;
  decltype(&::cudnnFindConvolutionBackwardFilterAlgorithm)
      cudnnFindConvolutionBackwardFilterAlgorithm = nullptr;
  decltype(&::cudnnFindConvolutionForwardAlgorithm) cudnnFindConvolutionForwardAlgorithm = nullptr;
  decltype(&::cudnnGetConvolutionBackwardDataAlgorithm_v7)
      cudnnGetConvolutionBackwardDataAlgorithm_v7 = nullptr;
  decltype(&::cudnnGetConvolutionBackwardFilterAlgorithm_v7)
      cudnnGetConvolutionBackwardFilterAlgorithm_v7 = nullptr;
  decltype(&::cudnnGetConvolutionForwardAlgorithm_v7) cudnnGetConvolutionForwardAlgorithm_v7 =
      nullptr;
  decltype(&::cudnnGetErrorString) cudnnGetErrorString = nullptr;
  decltype(&::cudnnGetVersion) cudnnGetVersion = nullptr;
  decltype(&::cudnnSetActivationDescriptor) cudnnSetActivationDescriptor = nullptr;
  decltype(&::cudnnSetConvolution2dDescriptor) cudnnSetConvolution2dDescriptor = nullptr;
  decltype(&::cudnnSetConvolutionGroupCount) cudnnSetConvolutionGroupCount = nullptr;
  decltype(&::cudnnSetConvolutionMathType) cudnnSetConvolutionMathType = nullptr;
  decltype(&::cudnnSetFilter4dDescriptor) cudnnSetFilter4dDescriptor = nullptr;
  decltype(&::cudnnSetStream) cudnnSetStream = nullptr;
  decltype(&::cudnnSetTensor4dDescriptor) cudnnSetTensor4dDescriptor = nullptr;
};
// NOLINTEND(readability-identifier-naming)

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
