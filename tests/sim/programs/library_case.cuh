// What the programs that misuse the libraries share.
#pragma once
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/libraries.cuh"

namespace keen::sim::test {

constexpr int kSide = 16;                 // of the square matrices
constexpr int kWrong = -1;                // what a case gives back for wrong numbers
constexpr std::size_t kEnough = 1 << 20;  // bytes of a workspace

// The status of a call, or else the error of what it has enqueued.
inline int outcome(int status) {
  const cudaError_t error = cudaDeviceSynchronize();
  return status != 0 ? status : static_cast<int>(error);
}

// A forward convolution by an algorithm that wants a workspace.
struct Convolution {
  cudnnHandle_t dnn;
  cudnnTensorDescriptor_t x = tensor(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 4, 8, 8);
  cudnnTensorDescriptor_t y = tensor(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 6, 8, 8);
  cudnnFilterDescriptor_t w = filter(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 6, 4, 3, 3);
  cudnnConvolutionDescriptor_t settings = convolution(1, 1, 1, 1);
  cudnnConvolutionFwdAlgoPerf_t algorithm = {};
  float *input = zeros(), *weights = zeros(), *output = zeros();

  explicit Convolution(cudaStream_t stream = nullptr) : dnn(dnn_handle(stream)) {
    cudnnConvolutionFwdAlgoPerf_t found[CUDNN_CONVOLUTION_FWD_ALGO_COUNT];
    int count = 0;
    KEEN_STATUS_CHECK(cudnnGetConvolutionForwardAlgorithm_v7(
        dnn, x, w, settings, y, CUDNN_CONVOLUTION_FWD_ALGO_COUNT, &count, found));
    for (int i = count - 1; i >= 0; --i) {
      if (found[i].status == CUDNN_STATUS_SUCCESS && found[i].memory != 0) algorithm = found[i];
    }
  }

  int run(void* workspace, std::size_t bytes) const {
    const float one = 1, zero = 0;
    return cudnnConvolutionForward(dnn, &one, x, input, w, weights, settings, algorithm.algo,
                                   workspace, bytes, &zero, y, output);
  }
};

}  // namespace keen::sim::test
