// Misuse of cuBLAS, cuBLASLt and cuDNN, planted and repaired. usage: program CASE
#include <atomic>
#include <thread>

#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/libraries.cuh"

namespace {

using namespace keen::sim::test;

constexpr int kSide = 16;                 // of the square matrices
constexpr int kWrong = -1;                // what a case gives back for wrong numbers
constexpr std::size_t kEnough = 1 << 20;  // bytes of a workspace

// The status of a call, or else the error of what it has enqueued.
int outcome(int status) {
  const cudaError_t error = cudaDeviceSynchronize();
  return status != 0 ? status : static_cast<int>(error);
}

int multiply(cublasHandle_t blas, const float* x, float* y) {
  const float one = 1, zero = 0;
  return cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, kSide, kSide, kSide, &one, x, kSide, x, kSide,
                     &zero, y, kSide);
}

// ---- Devices

// Calls with the wrong device current where `planted`.
template <class Call>
int on_device(bool planted, const Call& call) {
  KEEN_CUDA_CHECK(cudaSetDevice(planted ? 1 : 0));
  const int status = call();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  return outcome(status);
}

KEEN_FAULT(cublas_on_wrong_device, "wrong-device", CUBLAS_STATUS_INVALID_VALUE) {
  cublasHandle_t blas = blas_handle();
  float *x = zeros(), *y = zeros();
  return on_device(planted, [&] { return multiply(blas, x, y); });
}

KEEN_FAULT(cublaslt_on_wrong_device, "wrong-device", CUBLAS_STATUS_INVALID_VALUE) {
  cublasLtHandle_t lt = lt_handle();
  float *x = zeros(), *y = zeros();
  const LtProblem problem(CUDA_R_32F, kSide, kSide, kSide, CUBLASLT_EPILOGUE_DEFAULT);
  return on_device(planted, [&] { return problem.run(lt, nullptr, x, x, y); });
}

int relu(cudnnHandle_t dnn, const float* x, float* y, const float* alpha) {
  const float zero = 0;
  cudnnActivationDescriptor_t activation = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateActivationDescriptor(&activation));
  KEEN_STATUS_CHECK(
      cudnnSetActivationDescriptor(activation, CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0));
  cudnnTensorDescriptor_t shape = tensor(CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 3, 4, 5);
  return cudnnActivationForward(dnn, activation, alpha, shape, x, &zero, shape, y);
}

KEEN_FAULT(cudnn_on_wrong_device, "wrong-device", CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH) {
  cudnnHandle_t dnn = dnn_handle();
  float *x = zeros(), *y = zeros();
  const float one = 1;
  return on_device(planted, [&] { return relu(dnn, x, y, &one); });
}

KEEN_FAULT(stream_of_another_device, "wrong-device", CUBLAS_STATUS_INVALID_VALUE) {
  cublasHandle_t blas = blas_handle();
  KEEN_CUDA_CHECK(cudaSetDevice(planted ? 1 : 0));
  cudaStream_t stream = new_stream();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  return cublasSetStream(blas, stream);
}

// ---- Pointers and threads

KEEN_FAULT(factor_in_device_memory, "device-pointer", CUDNN_STATUS_BAD_PARAM) {
  cudnnHandle_t dnn = dnn_handle();
  float *x = zeros(), *y = zeros();
  const float one = 1;
  return outcome(relu(dnn, x, y, planted ? x : &one));
}

KEEN_FAULT(operand_in_host_memory, "host-pointer", CUBLAS_STATUS_INVALID_VALUE) {
  cublasHandle_t blas = blas_handle();
  float host[kSide * kSide] = {}, *x = zeros(), *y = zeros();
  return outcome(multiply(blas, planted ? host : x, y));
}

// A pointer 16 bytes into a buffer, though the heuristic takes 256 for granted (cublasLt.h,
// CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES).
KEEN_FAULT(less_aligned_than_told, "misaligned", CUBLAS_STATUS_INVALID_VALUE) {
  cublasLtHandle_t lt = lt_handle();
  float *x = zeros(), *y = zeros();
  LtProblem problem(CUDA_R_32F, kSide, kSide, kSide, CUBLASLT_EPILOGUE_DEFAULT);
  if (!planted) problem.prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 16U);
  cublasLtMatmulHeuristicResult_t found;
  if (!problem.find(lt, &found)) return kWrong;
  return outcome(problem.run(lt, &found.algo, x + 4, x, y));
}

KEEN_FAULT(one_handle_in_two_threads, "thread", cudaSuccess) {
  cudnnHandle_t dnn = dnn_handle();
  float *x = zeros(), *y = zeros();
  std::atomic<int> known = 0, calls = 0;
  const auto work = [&](int turn) {
    const float one = 1;
    KEEN_CUDA_CHECK(cudaSetDevice(0));
    ++known;
    while (known != 2 || calls != turn) std::this_thread::yield();
    if (!planted && turn == 1) KEEN_SIM(cudasim_host_acquire)(&calls);
    KEEN_STATUS_CHECK(relu(dnn, x, y, &one));
    if (!planted && turn == 0) KEEN_SIM(cudasim_host_release)(&calls);
    ++calls;
    while (calls != 2) std::this_thread::yield();  // what a thread knew is known when it has ended
  };
  std::thread first(work, 0), second(work, 1);
  first.join();
  second.join();
  return cudaDeviceSynchronize();
}

// ---- Workspaces

KEEN_FAULT(workspace_of_two_streams, "race", cudaSuccess) {
  float *x = zeros(), *y = zeros(), *z = zeros();
  auto* workspace = device_array<char>(kEnough);
  auto* other = device_array<char>(kEnough);
  cublasHandle_t one = blas_handle(new_stream()), two = blas_handle(new_stream());
  KEEN_STATUS_CHECK(cublasSetWorkspace(one, workspace, kEnough));
  KEEN_STATUS_CHECK(cublasSetWorkspace(two, planted ? workspace : other, kEnough));
  KEEN_STATUS_CHECK(multiply(one, x, y));
  return outcome(multiply(two, x, z));
}

KEEN_FAULT(cublas_workspace_too_small, nullptr, CUBLAS_STATUS_ALLOC_FAILED) {
  float *x = zeros(), *y = zeros();
  cublasHandle_t blas = blas_handle();
  auto* workspace = device_array<char>(kEnough);
  KEEN_STATUS_CHECK(cublasSetWorkspace(blas, workspace, planted ? 8 << 10 : kEnough));
  return outcome(multiply(blas, x, y));
}

KEEN_FAULT(cublas_workspace_misaligned, "misaligned", CUBLAS_STATUS_INVALID_VALUE) {
  cublasHandle_t blas = blas_handle();
  auto* workspace = device_array<char>(kEnough);
  return cublasSetWorkspace(blas, workspace + (planted ? 128 : 256), kEnough / 2);
}

KEEN_FAULT(cublaslt_workspace_too_small, nullptr, CUBLAS_STATUS_INVALID_VALUE) {
  cublasLtHandle_t lt = lt_handle();
  float *x = zeros(), *y = zeros();
  LtProblem problem(CUDA_R_32F, kSide, kSide, kSide, CUBLASLT_EPILOGUE_DEFAULT);
  problem.prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{kEnough});
  cublasLtMatmulHeuristicResult_t found;
  if (!problem.find(lt, &found) || found.workspaceSize == 0) return kWrong;
  auto* workspace = device_array<char>(found.workspaceSize);
  return outcome(
      problem.run(lt, &found.algo, x, x, y, workspace, found.workspaceSize - (planted ? 16 : 0)));
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

// Without an activation, only one algorithm adds a bias (cuDNN,
// "cudnnConvolutionBiasActivationForward").
KEEN_FAULT(bias_by_the_wrong_algorithm, nullptr, CUDNN_STATUS_NOT_SUPPORTED) {
  const Convolution conv;
  const float one = 1, zero = 0;
  auto* workspace = device_array<char>(1 << 20);
  cudnnActivationDescriptor_t activation = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateActivationDescriptor(&activation));
  KEEN_STATUS_CHECK(cudnnSetActivationDescriptor(
      activation, planted ? CUDNN_ACTIVATION_IDENTITY : CUDNN_ACTIVATION_RELU,
      CUDNN_NOT_PROPAGATE_NAN, 0));
  return outcome(cudnnConvolutionBiasActivationForward(
      conv.dnn, &one, conv.x, conv.input, conv.w, conv.weights, conv.settings,
      CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, workspace, 1 << 20, &zero, conv.y, conv.output,
      tensor(CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 6, 1, 1), zeros(), activation, conv.y,
      conv.output));
}

KEEN_FAULT(convolution_workspace_too_small, nullptr, CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT) {
  const Convolution conv;
  auto* workspace = device_array<char>(conv.algorithm.memory);
  return outcome(conv.run(workspace, conv.algorithm.memory - (planted ? 1 : 0)));
}

KEEN_FAULT(convolution_workspace_missing, "host-pointer", CUDNN_STATUS_BAD_PARAM) {
  const Convolution conv;
  auto* workspace = device_array<char>(conv.algorithm.memory);
  return outcome(conv.run(planted ? nullptr : workspace, conv.algorithm.memory));
}

KEEN_FAULT(convolution_workspace_of_two_streams, "race", cudaSuccess) {
  const Convolution one(new_stream()), two(new_stream());
  auto* workspace = device_array<char>(one.algorithm.memory);
  auto* other = device_array<char>(one.algorithm.memory);
  KEEN_STATUS_CHECK(one.run(workspace, one.algorithm.memory));
  return outcome(two.run(planted ? workspace : other, two.algorithm.memory));
}

// A workspace is the library's to write: what lay there is gone.
KEEN_FAULT(value_kept_in_workspace, nullptr, kWrong) {
  const Convolution conv;
  const std::size_t bytes = conv.algorithm.memory;
  auto* workspace = device_array<float>(bytes / sizeof(float) + 1);
  auto* other = device_array<float>(bytes / sizeof(float) + 1);
  const float kept = 3;
  KEEN_CUDA_CHECK(cudaMemcpy(workspace, &kept, sizeof kept, cudaMemcpyHostToDevice));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  KEEN_STATUS_CHECK(conv.run(planted ? workspace : other, bytes));
  return host_copy(workspace, 1)[0] == kept ? 0 : kWrong;
}

// ---- Capture

// Makes something within a capture where `planted`, and before it else.
template <class Make>
int made_in_capture(bool planted, const Make& make) {
  cudaStream_t stream = new_stream();
  cudaGraph_t graph = nullptr;
  int status = planted ? 0 : make();
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  if (planted) status = make();
  const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
  cudaGetLastError();
  return ended == (planted ? cudaErrorStreamCaptureInvalidated : cudaSuccess) ? status : kWrong;
}

KEEN_FAULT(cublas_made_in_capture, "capture", CUBLAS_STATUS_ALLOC_FAILED) {
  cublasHandle_t blas = nullptr;
  return made_in_capture(planted, [&] { return cublasCreate(&blas); });
}

KEEN_FAULT(cublaslt_made_in_capture, "capture", CUBLAS_STATUS_ALLOC_FAILED) {
  cublasLtHandle_t lt = nullptr;
  return made_in_capture(planted, [&] { return cublasLtCreate(&lt); });
}

KEEN_FAULT(cudnn_made_in_capture, "capture", CUDNN_STATUS_ALLOC_FAILED) {
  cudnnHandle_t dnn = nullptr;
  return made_in_capture(planted, [&] { return cudnnCreate(&dnn); });
}

KEEN_FAULT(search_in_capture, "capture", CUDNN_STATUS_EXECUTION_FAILED) {
  const Convolution conv;
  cudnnConvolutionFwdAlgoPerf_t found;
  int count = 0;
  return made_in_capture(planted, [&] {
    return cudnnFindConvolutionForwardAlgorithm(conv.dnn, conv.x, conv.w, conv.settings, conv.y, 1,
                                                &count, &found);
  });
}

KEEN_FAULT(search_on_live_output, nullptr, kWrong) {
  const Convolution conv;
  float* scratch = zeros();
  cudnnConvolutionFwdAlgoPerf_t found;
  int count = 0;
  KEEN_STATUS_CHECK(cudnnFindConvolutionForwardAlgorithmEx(
      conv.dnn, conv.x, conv.input, conv.w, conv.weights, conv.settings, conv.y,
      planted ? conv.output : scratch, 1, &count, &found, nullptr, 0));
  return host_copy(conv.output, 1)[0] == 0 ? 0 : kWrong;
}

// ---- Precision and preconditions

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

KEEN_FAULT(running_variance_not_initialised, "uninitialised-read", cudaSuccess) {
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
KEEN_FAULT(mask_never_written, "uninitialised-read", cudaSuccess) {
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
