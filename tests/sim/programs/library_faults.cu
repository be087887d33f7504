// Misuse of cuBLAS, cuBLASLt and cuDNN, planted and repaired. usage: program CASE
#include <atomic>
#include <thread>

#include "tests/sim/programs/library_case.cuh"

namespace {

using namespace keen::sim::test;

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

KEEN_FAULT(cublas_on_wrong_device, "wrong-device", CUBLAS_STATUS_INVALID_VALUE,
           "cublasSgemm_v2: the handle belongs to device 0, device 1 is current") {
  cublasHandle_t blas = blas_handle();
  float *x = zeros(), *y = zeros();
  return on_device(planted, [&] { return multiply(blas, x, y); });
}

KEEN_FAULT(cublaslt_on_wrong_device, "wrong-device", CUBLAS_STATUS_INVALID_VALUE,
           "cublasLtMatmul: the handle belongs to device 0, device 1 is current") {
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

KEEN_FAULT(cudnn_on_wrong_device, "wrong-device", CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH,
           "cudnnActivationForward: the handle belongs to device 0, device 1 is current") {
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

KEEN_FAULT(factor_in_device_memory, "device-pointer", CUDNN_STATUS_BAD_PARAM,
           "cudnnActivationForward: alpha is device memory") {
  cudnnHandle_t dnn = dnn_handle();
  float *x = zeros(), *y = zeros();
  const float one = 1;
  return outcome(relu(dnn, x, y, planted ? x : &one));
}

KEEN_FAULT(operand_in_host_memory, "host-pointer", CUBLAS_STATUS_INVALID_VALUE,
           "cublasSgemm_v2: A is not device memory") {
  cublasHandle_t blas = blas_handle();
  float host[kSide * kSide] = {}, *x = zeros(), *y = zeros();
  return outcome(multiply(blas, planted ? host : x, y));
}

// A pointer 16 bytes into a buffer, though the heuristic takes 256 for granted (cublasLt.h,
// CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES).
KEEN_FAULT(less_aligned_than_told, "misaligned", CUBLAS_STATUS_INVALID_VALUE,
           "cublasLtMatmul: A, as the heuristic was told, is not aligned to 256 bytes") {
  cublasLtHandle_t lt = lt_handle();
  float *x = zeros(), *y = zeros();
  LtProblem problem(CUDA_R_32F, kSide, kSide, kSide, CUBLASLT_EPILOGUE_DEFAULT);
  if (!planted) problem.prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 16U);
  cublasLtMatmulHeuristicResult_t found;
  if (!problem.find(lt, &found)) return kWrong;
  return outcome(problem.run(lt, &found.algo, x + 4, x, y));
}

// What an algorithm is found for, and what it is then used for.
int used_for(const LtProblem& found_for, const LtProblem& used_for) {
  cublasLtHandle_t lt = lt_handle();
  float *x = zeros(), *y = zeros();
  cublasLtMatmulHeuristicResult_t found;
  if (!found_for.find(lt, &found)) return kWrong;
  return outcome(used_for.run(lt, &found.algo, x, x, y));
}

LtProblem product(int n, cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT, int batch = 1) {
  return {CUDA_R_32F, kSide, n, kSide, epilogue, batch};
}

constexpr const char* kOther = "cublasLtMatmul: the algorithm was found for another problem";

KEEN_FAULT(algorithm_of_another_shape, "algorithm", CUBLAS_STATUS_INVALID_VALUE, kOther) {
  return used_for(product(planted ? kSide / 2 : kSide), product(kSide));
}

KEEN_FAULT(algorithm_of_another_batch, "algorithm", CUBLAS_STATUS_INVALID_VALUE, kOther) {
  const LtProblem batched = product(kSide, CUBLASLT_EPILOGUE_DEFAULT, 2);
  return used_for(planted ? product(kSide) : batched, batched);
}

KEEN_FAULT(algorithm_of_another_epilogue, "algorithm", CUBLAS_STATUS_INVALID_VALUE, kOther) {
  return used_for(product(kSide, planted ? CUBLASLT_EPILOGUE_DEFAULT : CUBLASLT_EPILOGUE_RELU),
                  product(kSide, CUBLASLT_EPILOGUE_RELU));
}

KEEN_FAULT(algorithm_of_another_transposition, "algorithm", CUBLAS_STATUS_INVALID_VALUE, kOther) {
  LtProblem first = product(kSide), second = product(kSide);
  second.set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  if (!planted) first.set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
  return used_for(first, second);
}

KEEN_FAULT(algorithm_of_another_leading_dimension, "algorithm", CUBLAS_STATUS_INVALID_VALUE,
           kOther) {
  const LtProblem first = product(kSide), second = product(kSide);
  const std::int64_t leading = kSide + 4;
  for (const LtProblem* wide : {&second, planted ? &second : &first}) {
    KEEN_STATUS_CHECK(cublasLtMatrixLayoutSetAttribute(wide->d, CUBLASLT_MATRIX_LAYOUT_LD, &leading,
                                                       sizeof leading));
  }
  return used_for(first, second);
}

KEEN_FAULT(one_handle_in_two_threads, "thread", cudaSuccess,
           "cudnnActivationForward: two threads use one handle at once") {
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

KEEN_FAULT(workspace_of_two_streams, "race", cudaSuccess,
           "cublasSgemm_v2 writes bytes 0 to 2048 of cudaMalloc, unordered with the write by ") {
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

KEEN_FAULT(convolution_workspace_missing, "host-pointer", CUDNN_STATUS_BAD_PARAM,
           "cudnnConvolutionForward: the workspace is not device memory") {
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

KEEN_FAULT(search_in_capture, "capture", CUDNN_STATUS_EXECUTION_FAILED,
           "cudnnFindConvolutionForwardAlgorithm: it allocates memory or waits") {
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

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
