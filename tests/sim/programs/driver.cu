// A training step as a program for two GPUs would write it (convolution, ReLU, matmul, loss,
// all-reduce, gradient descent), eagerly and as a captured graph, beside the same on the host.
// usage: sim_driver [--speed]   with --speed: PTX instructions per second of some kernels
#include <cublas_v2.h>
#include <cudnn.h>
#include <nccl.h>

#include <chrono>
#include <cmath>
#include <cstring>

#include "tests/sim/programs/check.h"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;

constexpr int kDevices = 2;
constexpr int kBatch = 4, kChannels = 3, kSide = 8, kFilters = 5, kTaps = 3, kClasses = 6;
constexpr int kFeatures = kFilters * kSide * kSide;
constexpr float kRate = 0.05F;

__device__ float block_sum(float value) {
  __shared__ float parts[32];
  for (int o = 16; o != 0; o >>= 1) value += __shfl_down_sync(0xffffffffU, value, o);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x < blockDim.x / 32 ? parts[threadIdx.x] : 0.F;
  if (threadIdx.x < 32) {
    for (int o = 16; o != 0; o >>= 1) value += __shfl_down_sync(0xffffffffU, value, o);
  }
  return value;  // of thread 0
}

__global__ void relu(float* x, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    x[i] = fmaxf(x[i], 0.F);
}
__global__ void gelu(const float* x, float* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    const float v = x[i];
    y[i] = 0.5F * v * (1.F + tanhf(0.79788456F * (v + 0.044715F * v * v * v)));
  }
}
// y becomes the gradient of 0.5 sum y^2 / n, the loss goes to *loss.
__global__ void square_loss(float* y, int n, float* loss) {
  float sum = 0;
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    sum += 0.5F * y[i] * y[i] / n;
    y[i] /= n;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) *loss = sum;
}
__global__ void descend(float* w, const float* g, float rate, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) w[i] -= rate * g[i];
}
// The last block to come adds up what all have written.
__global__ void sum_all(const float* x, int n, float* parts, unsigned* arrived, float* total) {
  __shared__ bool last;
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    sum += x[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = sum;
    __threadfence();
    last = atomicInc(arrived, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last || threadIdx.x != 0) return;
  __threadfence();
  float all = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) all += reinterpret_cast<volatile float*>(parts)[b];
  *total = all;
}
// Static arrays beside dynamic shared memory.
__global__ void two_arrays(float* y) {
  extern __shared__ float dynamic[];
  __shared__ float fixed[32];
  fixed[threadIdx.x] = 1;
  dynamic[threadIdx.x] = 2;
  __syncthreads();
  y[threadIdx.x] = fixed[31 - threadIdx.x] + 10 * dynamic[31 - threadIdx.x];
}

struct Replica {
  cudaStream_t stream = nullptr;
  cublasHandle_t blas = nullptr;
  cudnnHandle_t dnn = nullptr;
  ncclComm_t comm = nullptr;
  cudnnTensorDescriptor_t x_shape = nullptr, y_shape = nullptr;
  cudnnFilterDescriptor_t w_shape = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;
  float *x = nullptr, *filter = nullptr, *hidden = nullptr, *weights = nullptr, *out = nullptr;
  float *gradient = nullptr, *loss = nullptr, *workspace = nullptr;
  std::size_t workspace_bytes = 0;
};

float input_at(int device, int i) {
  return static_cast<float>((i * 37 + device * 11) % 23) / 23 - 0.4F;
}
float filter_at(int i) { return static_cast<float>(i * 29 % 17) / 17 - 0.5F; }
float weight_at(int i) { return static_cast<float>(i * 31 % 19) / 190 - 0.04F; }

template <class F>
float* filled(int count, F value) {
  std::vector<float> host(count);
  for (int i = 0; i < count; ++i) host[i] = value(i);
  return device_copy(host);
}

constexpr auto kAlgorithm = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;

void open(Replica& r, int device) {
  KEEN_CUDA_CHECK(cudaSetDevice(device));
  KEEN_CUDA_CHECK(cudaStreamCreateWithFlags(&r.stream, cudaStreamNonBlocking));
  KEEN_STATUS_CHECK(cublasCreate(&r.blas));
  KEEN_STATUS_CHECK(cublasSetStream(r.blas, r.stream));
  KEEN_STATUS_CHECK(cudnnCreate(&r.dnn));
  KEEN_STATUS_CHECK(cudnnSetStream(r.dnn, r.stream));
  KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&r.x_shape));
  KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&r.y_shape));
  KEEN_STATUS_CHECK(cudnnCreateFilterDescriptor(&r.w_shape));
  KEEN_STATUS_CHECK(cudnnCreateConvolutionDescriptor(&r.convolution));
  KEEN_STATUS_CHECK(cudnnSetTensor4dDescriptor(r.x_shape, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT,
                                               kBatch, kChannels, kSide, kSide));
  KEEN_STATUS_CHECK(cudnnSetTensor4dDescriptor(r.y_shape, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT,
                                               kBatch, kFilters, kSide, kSide));
  KEEN_STATUS_CHECK(cudnnSetFilter4dDescriptor(r.w_shape, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW,
                                               kFilters, kChannels, kTaps, kTaps));
  KEEN_STATUS_CHECK(cudnnSetConvolution2dDescriptor(r.convolution, 1, 1, 1, 1, 1, 1,
                                                    CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
  KEEN_STATUS_CHECK(cudnnSetConvolutionMathType(r.convolution, CUDNN_FMA_MATH));
  KEEN_STATUS_CHECK(cudnnGetConvolutionForwardWorkspaceSize(
      r.dnn, r.x_shape, r.w_shape, r.convolution, r.y_shape, kAlgorithm, &r.workspace_bytes));
  if (r.workspace_bytes > 0)
    r.workspace = device_array<float>(r.workspace_bytes / sizeof(float) + 1);
  r.x = filled(kBatch * kChannels * kSide * kSide, [&](int i) { return input_at(device, i); });
  r.filter = filled(kFilters * kChannels * kTaps * kTaps, filter_at);
  r.weights = filled(kFeatures * kClasses, weight_at);
  r.hidden = device_array<float>(kBatch * kFeatures);
  r.out = device_array<float>(kBatch * kClasses);
  r.gradient = device_array<float>(kFeatures * kClasses);
  r.loss = device_array<float>(1);
}

// Matrices are row-major [batch, features] and [features, classes]: to cuBLAS, transposed.
void forward_and_gradient(Replica& r) {
  const float one = 1, zero = 0;
  KEEN_STATUS_CHECK(cudnnConvolutionForward(r.dnn, &one, r.x_shape, r.x, r.w_shape, r.filter,
                                            r.convolution, kAlgorithm, r.workspace,
                                            r.workspace_bytes, &zero, r.y_shape, r.hidden));
  relu<<<4, 64, 0, r.stream>>>(r.hidden, kBatch * kFeatures);
  KEEN_STATUS_CHECK(cublasSgemm(r.blas, CUBLAS_OP_N, CUBLAS_OP_N, kClasses, kBatch, kFeatures, &one,
                                r.weights, kClasses, r.hidden, kFeatures, &zero, r.out, kClasses));
  square_loss<<<1, 64, 0, r.stream>>>(r.out, kBatch * kClasses, r.loss);
  KEEN_STATUS_CHECK(cublasSgemm(r.blas, CUBLAS_OP_N, CUBLAS_OP_T, kClasses, kFeatures, kBatch, &one,
                                r.out, kClasses, r.hidden, kFeatures, &zero, r.gradient, kClasses));
}

void step(Replica (&replicas)[kDevices]) {
  for (int d = 0; d < kDevices; ++d) {
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    forward_and_gradient(replicas[d]);
  }
  KEEN_STATUS_CHECK(ncclGroupStart());
  for (auto& r : replicas) {
    KEEN_STATUS_CHECK(ncclAllReduce(r.gradient, r.gradient, kFeatures * kClasses, ncclFloat,
                                    ncclAvg, r.comm, r.stream));
  }
  KEEN_STATUS_CHECK(ncclGroupEnd());
  for (int d = 0; d < kDevices; ++d) {
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    auto& r = replicas[d];
    descend<<<(kFeatures * kClasses + 127) / 128, 128, 0, r.stream>>>(r.weights, r.gradient, kRate,
                                                                      kFeatures * kClasses);
  }
}

// ---- The same on the host, in double
// -------------------------------------------------------------

double convolved(int device, int n, int k, int y, int x) {
  double sum = 0;
  for (int c = 0; c < kChannels; ++c) {
    for (int i = 0; i < kTaps; ++i) {
      for (int j = 0; j < kTaps; ++j) {
        const int row = y + i - 1, column = x + j - 1;
        if (row < 0 || column < 0 || row >= kSide || column >= kSide) continue;
        sum += static_cast<double>(
                   input_at(device, ((n * kChannels + c) * kSide + row) * kSide + column)) *
               filter_at(((k * kChannels + c) * kTaps + i) * kTaps + j);
      }
    }
  }
  return sum;
}

std::vector<double> host_step(std::vector<double> weights, double* first_loss) {
  std::vector<double> gradient(weights.size());
  for (int d = 0; d < kDevices; ++d) {
    double loss = 0;
    for (int n = 0; n < kBatch; ++n) {
      std::vector<double> hidden(kFeatures), out(kClasses);
      for (int f = 0; f < kFeatures; ++f) {
        hidden[f] =
            std::max(0.0, convolved(d, n, f / (kSide * kSide), f / kSide % kSide, f % kSide));
        for (int c = 0; c < kClasses; ++c) out[c] += hidden[f] * weights[f * kClasses + c];
      }
      for (int c = 0; c < kClasses; ++c) {
        loss += 0.5 * out[c] * out[c] / (kBatch * kClasses);
        const double g = out[c] / (kBatch * kClasses) / kDevices;
        for (int f = 0; f < kFeatures; ++f) gradient[f * kClasses + c] += hidden[f] * g;
      }
    }
    if (d == 0) *first_loss = loss;
  }
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= kRate * gradient[i];
  return weights;
}

bool close(const std::vector<float>& got, const std::vector<double>& wanted) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!(std::fabs(got[i] - wanted[i]) <= 1e-5 + 1e-5 * std::fabs(wanted[i]))) return false;
  }
  return got.size() == wanted.size();
}

void check_replicas(Replica (&replicas)[kDevices], const std::vector<double>& wanted, double loss,
                    Checks& checks) {
  for (int d = 0; d < kDevices; ++d) {
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    KEEN_CUDA_CHECK(cudaStreamSynchronize(replicas[d].stream));
    checks.expect(close(host_copy(replicas[d].weights, kFeatures * kClasses), wanted),
                  "weights after a step");
  }
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  checks.expect(std::fabs(host_copy(replicas[0].loss, 1)[0] - loss) < 1e-5, "loss of a step");
}

void check_training(Checks& checks) {
  Replica replicas[kDevices];
  ncclComm_t comms[kDevices];
  const int devices[kDevices] = {0, 1};
  KEEN_STATUS_CHECK(ncclCommInitAll(comms, kDevices, devices));
  for (int d = 0; d < kDevices; ++d) {
    open(replicas[d], d);
    replicas[d].comm = comms[d];
  }
  std::vector<double> weights(kFeatures * kClasses);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = weight_at(static_cast<int>(i));
  double loss = 0;
  step(replicas);
  weights = host_step(weights, &loss);
  check_replicas(replicas, weights, loss, checks);

  cudaGraphExec_t execs[kDevices];
  for (int d = 0; d < kDevices; ++d) {
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    KEEN_CUDA_CHECK(cudaStreamBeginCapture(replicas[d].stream, cudaStreamCaptureModeThreadLocal));
  }
  step(replicas);
  for (int d = 0; d < kDevices; ++d) {
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    cudaGraph_t graph = nullptr;
    KEEN_CUDA_CHECK(cudaStreamEndCapture(replicas[d].stream, &graph));
    KEEN_CUDA_CHECK(cudaGraphInstantiate(&execs[d], graph, 0));
    KEEN_CUDA_CHECK(cudaGraphDestroy(graph));
  }
  for (int replay = 0; replay < 2; ++replay) {
    for (int d = 0; d < kDevices; ++d) {
      KEEN_CUDA_CHECK(cudaSetDevice(d));
      KEEN_CUDA_CHECK(cudaGraphLaunch(execs[d], replicas[d].stream));
    }
    weights = host_step(weights, &loss);
    check_replicas(replicas, weights, loss, checks);
  }
}

void check_kernels(Checks& checks) {
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  constexpr int kCount = 10000, kBlocks = 37;
  const float* x = filled(kCount, [](int i) { return static_cast<float>(i % 8); });
  auto* parts = device_array<float>(kBlocks);
  auto* total = device_array<float>(1);
  auto* arrived = device_array<unsigned>(1);
  KEEN_CUDA_CHECK(cudaMemset(arrived, 0, sizeof(unsigned)));
  for (int k = 0; k < 3; ++k) sum_all<<<kBlocks, 128>>>(x, kCount, parts, arrived, total);
  checks.expect(host_copy(total, 1)[0] == 35000, "sum over all blocks by the last one");
  auto* y = device_array<float>(32);
  two_arrays<<<1, 32, 32 * sizeof(float)>>>(y);
  checks.expect(host_copy(y, 32) == std::vector<float>(32, 21),
                "static arrays beside dynamic shared memory");
}

void measure_speed() {
  constexpr int kCount = 1 << 20;
  const float* x = filled(kCount, [](int i) { return static_cast<float>(i % 8) - 4; });
  auto* y = device_array<float>(kCount);
  KEEN_CUDA_CHECK(cudaMemset(y, 0, kCount * sizeof(float)));
  auto* total = device_array<float>(64);
  auto* arrived = device_array<unsigned>(1);
  KEEN_CUDA_CHECK(cudaMemset(arrived, 0, sizeof(unsigned)));
  const auto measure = [](const char* name, auto launch) {
    cudasim_counters before{}, after{};
    KEEN_SIM(cudasim_get_counters)(&before);
    const auto start = std::chrono::steady_clock::now();
    launch();
    KEEN_CUDA_CHECK(cudaDeviceSynchronize());
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    KEEN_SIM(cudasim_get_counters)(&after);
    std::printf(
        "%-8s %.3f s, %.0f M PTX instructions per second\n", name, seconds,
        static_cast<double>(after.ptx_instructions - before.ptx_instructions) / seconds / 1e6);
  };
  measure("relu", [&] { relu<<<64, 256>>>(y, kCount); });
  measure("gelu", [&] { gelu<<<64, 256>>>(x, y, kCount); });
  measure("sum", [&] { sum_all<<<64, 256>>>(x, kCount, y, arrived, total); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--speed") == 0) {
    measure_speed();
    return 0;
  }
  std::printf("GPU: %s\n", keen::sim::where());
  Checks checks;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_training(checks);
    check_kernels(checks);
  }
  return checks.status();
}
