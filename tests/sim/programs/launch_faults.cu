// Launches that a device has no room for, planted and repaired. usage: program CASE
#include <algorithm>

#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

// What a launch gives back, or else what it ends with.
int launched() {
  const cudaError_t error = cudaGetLastError();
  return error != cudaSuccess ? error : cudaDeviceSynchronize();
}

int limit_of(cudaDeviceAttr attribute) {
  int value = 0;
  KEEN_CUDA_CHECK(cudaDeviceGetAttribute(&value, attribute, 0));
  return value;
}

// More values at a time than its registers hold, so that it has as many as it may.
template <int count>
__device__ void keep_many(const float* x, float* y) {
  float values[count];
#pragma unroll
  for (int k = 0; k < count; ++k) values[k] = x[(k * 37 + threadIdx.x) % 1024];
  __syncthreads();
#pragma unroll
  for (int k = count - 1; k >= 0; --k) y[threadIdx.x] = y[threadIdx.x] * values[k] + 1;
}
__global__ void __maxnreg__(80) with_80_registers(const float* x, float* y) { keep_many<88>(x, y); }
__global__ void __maxnreg__(72) with_72_registers(const float* x, float* y) { keep_many<88>(x, y); }
__global__ void __launch_bounds__(128) at_most_128(float* y) { y[threadIdx.x] = 1; }

bool has_registers(const void* kernel, int count) {
  cudaFuncAttributes attributes = {};
  KEEN_CUDA_CHECK(cudaFuncGetAttributes(&attributes, kernel));
  return attributes.numRegs == count;
}

// 25 warps, which count as 28: one for each quarter of a multiprocessor more (cuda_occupancy.h).
KEEN_FAULT(registers_of_rounded_warps, nullptr, cudaErrorLaunchOutOfResources) {
  if (!has_registers(reinterpret_cast<const void*>(with_80_registers), 80)) return -1;
  float *x = zeros(), *y = zeros();
  with_80_registers<<<1, planted ? 800 : 768>>>(x, y);
  return launched();
}

KEEN_FAULT(registers_of_a_full_block, nullptr, cudaErrorLaunchOutOfResources) {
  if (!has_registers(reinterpret_cast<const void*>(with_72_registers), 72)) return -1;
  float *x = zeros(), *y = zeros();
  with_72_registers<<<1, planted ? 1024 : 896>>>(x, y);
  return launched();
}

KEEN_FAULT(launch_bounds_exceeded, nullptr, cudaErrorInvalidValue) {
  at_most_128<<<1, planted ? 129 : 128>>>(zeros());
  return launched();
}

KEEN_FAULT(too_many_threads, nullptr, cudaErrorInvalidConfiguration) {
  store_at<<<1, planted ? 1025 : 1024>>>(zeros(), 0);
  return launched();
}

KEEN_FAULT(no_blocks, nullptr, cudaErrorInvalidConfiguration) {
  store_at<<<planted ? 0 : 1, 32>>>(zeros(), 0);
  return launched();
}

KEEN_FAULT(no_threads, nullptr, cudaErrorInvalidConfiguration) {
  store_at<<<1, dim3(32, planted ? 0 : 1)>>>(zeros(), 0);
  return launched();
}

int opt_in(int bytes) {
  const int error =
      cudaFuncSetAttribute(use_dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  cudaGetLastError();
  return error;
}

KEEN_FAULT(opt_in_above_the_limit, nullptr, cudaErrorInvalidValue) {
  const int most = limit_of(cudaDevAttrMaxSharedMemoryPerBlockOptin);
  const int error = opt_in(planted ? most + 1 : most);
  if (error != 0) return error;
  use_dynamic<<<1, 32, most>>>(zeros());
  return launched();
}

KEEN_FAULT(launch_above_the_opt_in, nullptr, cudaErrorInvalidValue) {
  constexpr int kBytes = 56 * 1024;
  if (const int error = opt_in(kBytes)) return error;
  use_dynamic<<<1, 32, kBytes + (planted ? 16 : 0)>>>(zeros());
  return launched();
}

// The opt-in belongs to a kernel on a device.
KEEN_FAULT(opt_in_on_another_device, nullptr, cudaErrorInvalidValue) {
  constexpr int kBytes = 56 * 1024;
  KEEN_CUDA_CHECK(cudaSetDevice(1));
  const int own = opt_in(planted ? 0 : kBytes);
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  const int other = opt_in(kBytes);
  if (own != 0 || other != 0) return -1;
  KEEN_CUDA_CHECK(cudaSetDevice(1));
  use_dynamic<<<1, 32, kBytes>>>(zeros());
  const int error = launched();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  return error;
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
