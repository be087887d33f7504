// What the libraries must refuse: handles that are gone, shapes that do not agree, batches on top
// of each other; planted and repaired. usage: program CASE
#include "tests/sim/programs/library_case.cuh"

namespace {

using namespace keen::sim::test;

// ---- Handles

KEEN_FAULT(cublas_used_after_destroy, nullptr, CUBLAS_STATUS_NOT_INITIALIZED) {
  cublasHandle_t blas = blas_handle(), other = blas_handle();
  float *x = zeros(), *y = zeros(), one = 1, zero = 0;
  KEEN_STATUS_CHECK(cublasDestroy(planted ? blas : other));
  return outcome(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, kSide, kSide, kSide, &one, x, kSide, x,
                             kSide, &zero, y, kSide));
}

KEEN_FAULT(cublaslt_used_after_destroy, nullptr, CUBLAS_STATUS_NOT_INITIALIZED) {
  cublasLtHandle_t lt = lt_handle(), other = lt_handle();
  float *x = zeros(), *y = zeros();
  const LtProblem problem(CUDA_R_32F, kSide, kSide, kSide, CUBLASLT_EPILOGUE_DEFAULT);
  KEEN_STATUS_CHECK(cublasLtDestroy(planted ? lt : other));
  return outcome(problem.run(lt, nullptr, x, x, y));
}

KEEN_FAULT(cudnn_used_after_destroy, nullptr, CUDNN_STATUS_NOT_INITIALIZED) {
  const Convolution conv;
  auto* workspace = device_array<char>(conv.algorithm.memory);
  KEEN_STATUS_CHECK(cudnnDestroy(planted ? conv.dnn : dnn_handle()));
  return outcome(conv.run(workspace, conv.algorithm.memory));
}

KEEN_FAULT(tensor_descriptor_used_after_destroy, nullptr, CUDNN_STATUS_BAD_PARAM) {
  const Convolution conv;
  auto* workspace = device_array<char>(conv.algorithm.memory);
  cudnnTensorDescriptor_t other = tensor(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 1, 1, 1);
  KEEN_STATUS_CHECK(cudnnDestroyTensorDescriptor(planted ? conv.y : other));
  return outcome(conv.run(workspace, conv.algorithm.memory));
}

// ---- Shapes

// y of a convolution that keeps 8 x 8.
cudnnTensorDescriptor_t output(int height, int width) {
  return tensor(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 2, 6, height, width);
}

int forward(const Convolution& conv, cudnnTensorDescriptor_t y) {
  const float one = 1, zero = 0;
  return outcome(cudnnConvolutionForward(conv.dnn, &one, conv.x, conv.input, conv.w, conv.weights,
                                         conv.settings, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
                                         nullptr, 0, &zero, y, conv.output));
}

KEEN_FAULT(output_of_another_height, nullptr, CUDNN_STATUS_BAD_PARAM) {
  return forward(Convolution(), output(planted ? 7 : 8, 8));
}

KEEN_FAULT(output_of_another_width, nullptr, CUDNN_STATUS_BAD_PARAM) {
  return forward(Convolution(), output(8, planted ? 9 : 8));
}

KEEN_FAULT(data_gradient_of_another_shape, nullptr, CUDNN_STATUS_BAD_PARAM) {
  const Convolution conv;
  const float one = 1, zero = 0;
  return outcome(cudnnConvolutionBackwardData(
      conv.dnn, &one, conv.w, conv.weights, output(8, planted ? 7 : 8), conv.output, conv.settings,
      CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, nullptr, 0, &zero, conv.x, conv.input));
}

KEEN_FAULT(filter_gradient_of_another_shape, nullptr, CUDNN_STATUS_BAD_PARAM) {
  const Convolution conv;
  const float one = 1, zero = 0;
  return outcome(cudnnConvolutionBackwardFilter(
      conv.dnn, &one, conv.x, conv.input, output(planted ? 7 : 8, 8), conv.output, conv.settings,
      CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, nullptr, 0, &zero, conv.w, conv.weights));
}

// cuDNN, "cudnnSetTensor4dDescriptor": "the maximum limit of 2 Giga-elements".
KEEN_FAULT(tensor_of_two_to_the_31, nullptr, CUDNN_STATUS_NOT_SUPPORTED) {
  cudnnTensorDescriptor_t made = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&made));
  return cudnnSetTensor4dDescriptor(made, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT,
                                    planted ? 1 << 16 : (1 << 16) - 1, 1 << 15, 1, 1);
}

KEEN_FAULT(type_that_is_not_modelled, "unsupported", CUDNN_STATUS_NOT_SUPPORTED,
           "cudnnSetTensor4dDescriptor: data type ") {
  cudnnTensorDescriptor_t made = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&made));
  return cudnnSetTensor4dDescriptor(made, CUDNN_TENSOR_NHWC,
                                    planted ? CUDNN_DATA_INT64 : CUDNN_DATA_FLOAT, 1, 1, 1, 1);
}

// ---- Batches

int multiply_batch(int leading, int stride) {
  cublasHandle_t blas = blas_handle();
  float *x = zeros(), *y = zeros(), one = 1, zero = 0;
  return outcome(cublasSgemmStridedBatched(blas, CUBLAS_OP_N, CUBLAS_OP_N, kSide, kSide, kSide,
                                           &one, x, kSide, kSide * kSide, x, kSide, kSide * kSide,
                                           &zero, y, leading, stride, 3));
}

constexpr const char* kShared = "instances of the batch share their output";

KEEN_FAULT(batch_onto_one_output, "overlap", CUBLAS_STATUS_INVALID_VALUE, kShared) {
  return multiply_batch(kSide, planted ? 0 : kSide * kSide);
}

KEEN_FAULT(batch_of_overlapping_outputs, "overlap", CUBLAS_STATUS_INVALID_VALUE, kShared) {
  return multiply_batch(kSide, kSide * kSide - (planted ? 1 : 0));
}

// Side by side in the lines of one matrix.
KEEN_FAULT(batch_in_lines_too_short, "overlap", CUBLAS_STATUS_INVALID_VALUE, kShared) {
  return multiply_batch(3 * kSide - (planted ? 1 : 0), kSide);
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
