// Kernels that are right or wrong by their arguments, and what their callers need.
#pragma once
#include "tests/sim/programs/check.h"

namespace keen::sim::test {

KEEN_LINE(increment);
__global__ void increment(const float* x, float* y, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    y[i] = x[i] + 1;
}
KEEN_LINE(store_at);
__global__ void store_at(float* y, int offset) { y[threadIdx.x + offset] = 1; }
KEEN_LINE(copy_vectors);
__global__ void copy_vectors(const float4* x, float4* y) { y[threadIdx.x] = x[threadIdx.x]; }
__global__ void barrier_in_branch(float* y, int below) {
  if (threadIdx.x < below) __syncthreads();
  y[threadIdx.x] = 1;
  if (threadIdx.x >= below) __syncthreads();
}
KEEN_LINE(leave_before_barrier);
__global__ void leave_before_barrier(float* y, int below) {
  if (threadIdx.x >= below) return;
  y[threadIdx.x] = 1;
  __syncthreads();
}
KEEN_LINE(reverse_block);
__global__ void reverse_block(float* y, bool wait) {
  __shared__ float s[64];
  s[threadIdx.x] = threadIdx.x;
  if (wait) __syncthreads();
  y[threadIdx.x] = s[63 - threadIdx.x];
}
KEEN_LINE(exchange_lanes);
__global__ void exchange_lanes(float* y, bool wait) {
  __shared__ float s[32];
  s[threadIdx.x] = threadIdx.x;
  if (wait) __syncwarp();
  y[threadIdx.x] = s[31 - threadIdx.x];
}
KEEN_LINE(overrun_shared);
__global__ void overrun_shared(float* y, int offset) {
  __shared__ float s[32];
  s[threadIdx.x + offset] = 1;
  y[threadIdx.x] = s[threadIdx.x + offset];
}
__global__ void shuffle_under(unsigned mask, float* y) {
  y[threadIdx.x] = __shfl_sync(mask, y[threadIdx.x], 0);
}
__global__ void use_dynamic(float* y) {
  extern __shared__ float s[];
  s[threadIdx.x] = 1;
  y[threadIdx.x] = s[threadIdx.x];
}

constexpr int kSize = 4096;

inline float* zeros(int n = kSize) {
  auto* made = device_array<float>(n);
  KEEN_CUDA_CHECK(cudaMemset(made, 0, n * sizeof(float)));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return made;
}

inline cudaStream_t new_stream() {
  cudaStream_t made = nullptr;
  KEEN_CUDA_CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
  return made;
}

inline cudaEvent_t new_event() {
  cudaEvent_t made = nullptr;
  KEEN_CUDA_CHECK(cudaEventCreateWithFlags(&made, cudaEventDisableTiming));
  return made;
}

inline void order(cudaStream_t first, cudaStream_t second) {
  cudaEvent_t event = new_event();
  KEEN_CUDA_CHECK(cudaEventRecord(event, first));
  KEEN_CUDA_CHECK(cudaStreamWaitEvent(second, event, 0));
}

}  // namespace keen::sim::test
