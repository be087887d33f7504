// Results that are not what their callers take them for, planted and repaired: precision, overflow,
// what nobody has written. usage: program CASE
#include "tests/sim/programs/library_case.cuh"

namespace {

using namespace keen::sim::test;

// Its inputs need more bits than half has.
const std::vector<float>& fine_values() {
  static const std::vector<float> made(kSide * kSide, 1 + 1.F / 4096);
  return made;
}

KEEN_FAULT(matmul_in_reduced_precision, nullptr, kWrong) {
  cublasHandle_t blas = blas_handle();
  float *x = device_copy(fine_values()), *y = zeros();
  const float one = 1, zero = 0;
  KEEN_STATUS_CHECK(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, kSide, kSide, kSide, &one, x,
                                 CUDA_R_32F, kSide, x, CUDA_R_32F, kSide, &zero, y, CUDA_R_32F,
                                 kSide, planted ? CUBLAS_COMPUTE_32F_FAST_16F : CUBLAS_COMPUTE_32F,
                                 CUBLAS_GEMM_DEFAULT));
  const double exact = kSide * std::pow(1 + 1.0 / 4096, 2);
  return std::fabs(host_copy(y, 1)[0] - exact) < 1e-4 ? 0 : kWrong;
}

KEEN_FAULT(convolution_in_reduced_precision, nullptr, kWrong) {
  const Convolution conv;
  const float one = 1, zero = 0;
  const std::vector<float> ones(6 * 4 * 3 * 3, 1.F);
  float *x = device_copy(std::vector<float>(2 * 4 * 8 * 8, 1 + 1.F / 4096)), *w = device_copy(ones);
  if (planted) {
    KEEN_STATUS_CHECK(
        cudnnSetConvolutionMathType(conv.settings, CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION));
  }
  KEEN_STATUS_CHECK(cudnnConvolutionForward(conv.dnn, &one, conv.x, x, conv.w, w, conv.settings,
                                            CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, nullptr, 0,
                                            &zero, conv.y, conv.output));
  const double exact = 4 * 9 * (1 + 1.0 / 4096);
  return std::fabs(host_copy(conv.output + 9, 1)[0] - exact) < 1e-4 ? 0 : kWrong;
}

// Compute capability 7.5 has no TF32: there, the same with half.
bool has_tf32() {
  int major = 0;
  KEEN_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  return major >= 8;
}

// CUDNN_DEFAULT_MATH permits TF32; only CUDNN_FMA_MATH forbids it (cuDNN, "cudnnMathType_t").
KEEN_FAULT(convolution_by_default_in_tf32, nullptr, kWrong) {
  const Convolution conv;
  const float one = 1, zero = 0;
  const std::vector<float> ones(6 * 4 * 3 * 3, 1.F);
  float *x = device_copy(std::vector<float>(2 * 4 * 8 * 8, 1 + 1.F / 4096)), *w = device_copy(ones);
  const cudnnMathType_t loose =
      has_tf32() ? CUDNN_DEFAULT_MATH : CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION;
  KEEN_STATUS_CHECK(cudnnSetConvolutionMathType(conv.settings, planted ? loose : CUDNN_FMA_MATH));
  KEEN_STATUS_CHECK(cudnnConvolutionForward(conv.dnn, &one, conv.x, x, conv.w, w, conv.settings,
                                            CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, nullptr, 0,
                                            &zero, conv.y, conv.output));
  const double exact = 4 * 9 * (1 + 1.0 / 4096);
  return std::fabs(host_copy(conv.output + 9, 1)[0] - exact) < 1e-4 ? 0 : kWrong;
}

KEEN_FAULT(matmul_in_tf32, nullptr, kWrong) {
  cublasHandle_t blas = blas_handle();
  float *x = device_copy(fine_values()), *y = zeros();
  const float one = 1, zero = 0;
  const cublasComputeType_t compute =
      planted && !has_tf32() ? CUBLAS_COMPUTE_32F_FAST_16F : CUBLAS_COMPUTE_32F;
  KEEN_STATUS_CHECK(
      cublasSetMathMode(blas, planted ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH));
  KEEN_STATUS_CHECK(cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, kSide, kSide, kSide, &one, x,
                                 CUDA_R_32F, kSide, x, CUDA_R_32F, kSide, &zero, y, CUDA_R_32F,
                                 kSide, compute, CUBLAS_GEMM_DEFAULT));
  const double exact = kSide * std::pow(1 + 1.0 / 4096, 2);
  return std::fabs(host_copy(y, 1)[0] - exact) < 1e-4 ? 0 : kWrong;
}

// exp(100) is more than a float holds.
KEEN_FAULT(softmax_overflows, nullptr, kWrong) {
  cudnnHandle_t dnn = dnn_handle();
  const float one = 1, zero = 0;
  cudnnTensorDescriptor_t shape = tensor(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 4, 1, 1);
  float *x = device_copy(std::vector<float>(4, 100)), *y = zeros();
  KEEN_STATUS_CHECK(cudnnSoftmaxForward(dnn, planted ? CUDNN_SOFTMAX_FAST : CUDNN_SOFTMAX_ACCURATE,
                                        CUDNN_SOFTMAX_MODE_INSTANCE, &one, shape, x, &zero, shape,
                                        y));
  return host_copy(y, 4) == std::vector<float>(4, 0.25F) ? 0 : kWrong;
}

KEEN_FAULT(running_variance_not_initialised, "uninitialised-read", cudaSuccess,
           "cudnnBatchNormalizationForwardTraining reads byte 0 of 12 bytes from cudaMalloc") {
  cudnnHandle_t dnn = dnn_handle();
  const float one = 1, zero = 0;
  cudnnTensorDescriptor_t shape = tensor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 3, 4, 4);
  cudnnTensorDescriptor_t parameters = tensor(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 3, 1, 1);
  float *x = zeros(), *y = zeros(), *vector = zeros(), *mean = zeros();
  auto* variance = device_array<float>(3);
  if (!planted) KEEN_CUDA_CHECK(cudaMemset(variance, 0, 3 * sizeof(float)));
  KEEN_STATUS_CHECK(cudnnBatchNormalizationForwardTraining(
      dnn, CUDNN_BATCHNORM_SPATIAL, &one, &zero, shape, x, shape, y, parameters, vector, vector,
      0.1, mean, variance, 1e-3, nullptr, nullptr));
  return cudaDeviceSynchronize();
}

// The lines of a mask begin at multiples of 128 bits (cublasLt.h,
// CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD). Of the sizes, the first that the library supports.
KEEN_FAULT(mask_lines_not_aligned, nullptr, CUBLAS_STATUS_INVALID_VALUE) {
  cublasLtHandle_t lt = lt_handle();
  float *x = zeros(), *y = zeros(), *mask = zeros();
  for (int n = 1; n <= kSide; ++n) {
    LtProblem problem(CUDA_R_32F, kSide, n, kSide, CUBLASLT_EPILOGUE_RELU_AUX);
    problem.set_auxiliary(mask, planted ? kSide : 128);
    cublasLtMatmulHeuristicResult_t found;
    if (problem.find(lt, &found)) return outcome(problem.run(lt, &found.algo, x, x, y));
  }
  return kWrong;
}

// Going back without the mask that the way forward should have left.
KEEN_FAULT(mask_never_written, "uninitialised-read", cudaSuccess,
           "cublasLtMatmul reads byte 0 of 2048 bytes from cudaMalloc, which nothing has written") {
  cublasLtHandle_t lt = lt_handle();
  float *x = zeros(), *y = zeros();
  auto* mask = device_array<char>(kSide * 128);
  for (int n = 1; n <= kSide; ++n) {
    LtProblem forward(CUDA_R_32F, kSide, n, kSide, CUBLASLT_EPILOGUE_RELU_AUX);
    LtProblem back(CUDA_R_32F, kSide, n, kSide, CUBLASLT_EPILOGUE_DRELU);
    forward.set_auxiliary(mask, 128);
    back.set_auxiliary(mask, 128);
    cublasLtMatmulHeuristicResult_t found;
    if (!forward.find(lt, &found) || !back.find(lt, &found)) continue;
    if (!planted) KEEN_STATUS_CHECK(forward.run(lt, nullptr, x, x, y));
    return outcome(back.run(lt, nullptr, x, x, y));
  }
  return kWrong;
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
