// Races inside one kernel, each planted and repaired. usage: sim_race_faults CASE
#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

// ---- Blocks -----------------------------------------------------------------------------------

__global__ void add_at(float* sum, bool atomic) {
  if (atomic) {
    atomicAdd(sum, 1.0F);
  } else {
    *sum += 1;
  }
}

KEEN_FAULT(blocks_add_to_one_word, "global-race", cudaSuccess, "add_at block (", "byte 0",
           " of 16384 bytes from cudaMalloc, which block (", "with no fence and atomic between") {
  add_at<<<4, 1>>>(zeros(), !planted);
  return cudaDeviceSynchronize();
}

// Each block writes one value too many, where the next one begins.
KEEN_LINE(fill_parts);
__global__ void fill_parts(float* y, int part, int count) {
  if (threadIdx.x < count) y[blockIdx.x * part + threadIdx.x] = blockIdx.x;
}

KEEN_FAULT(blocks_overlap, "global-race", cudaSuccess, "fill_parts block (", line_of_fill_parts + 2,
           " of 16384 bytes from cudaMalloc, which block (", "with no fence and atomic between") {
  fill_parts<<<4, 64>>>(zeros(), 32, planted ? 33 : 32);
  return cudaDeviceSynchronize();
}

__global__ void shift(float* y, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[i + 1];
}

KEEN_FAULT(blocks_read_what_others_write, "global-race", cudaSuccess, "shift block (",
           " of 16384 bytes from cudaMalloc, which block (") {
  float *x = zeros(), *y = zeros();
  shift<<<4, 64>>>(planted ? x : y, x);
  return cudaDeviceSynchronize();
}

// The sum of all blocks by the one that comes last (CUDA C++ Programming Guide, "Memory Fence
// Functions").
__global__ void last_block_sums(float* parts, unsigned* arrived, float* sum, bool fence,
                                bool early) {
  __shared__ bool last;
  if (threadIdx.x == 0) {
    if (early) __threadfence();
    parts[blockIdx.x] = blockIdx.x + 1;
    if (fence) __threadfence();
    last = atomicInc(arrived, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 1) {
    float all = 0;
    for (int k = 0; k < gridDim.x; ++k) all += parts[k];
    *sum = all;
  }
}

int sum_by_last_block(bool fence, bool early) {
  auto* arrived = device_array<unsigned>(1);
  KEEN_CUDA_CHECK(cudaMemset(arrived, 0, sizeof(unsigned)));
  float* sum = zeros();
  last_block_sums<<<8, 32>>>(zeros(), arrived, sum, fence, early);
  const cudaError_t error = cudaDeviceSynchronize();
  if (error == cudaSuccess && fence && host_copy(sum, 1)[0] != 36) return cudaErrorUnknown;
  return error;
}

KEEN_FAULT(last_block_without_fence, "global-race", cudaSuccess, "last_block_sums block (",
           " of 16384 bytes from cudaMalloc, which block (", "with no fence and atomic between") {
  return sum_by_last_block(!planted, false);
}

KEEN_FAULT(last_block_fence_before_the_write, "global-race", cudaSuccess, "last_block_sums block (",
           " of 16384 bytes from cudaMalloc, which block (", "with no fence and atomic between") {
  return sum_by_last_block(!planted, planted);
}

// All threads write, one counts: without a barrier nothing says that the others are done.
__global__ void count_after_all(float* parts, unsigned* arrived, float* sum, bool wait) {
  __shared__ bool last;
  parts[blockIdx.x * blockDim.x + threadIdx.x] = 1;
  if (wait) __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(arrived, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  atomicAdd(sum, parts[(blockIdx.x + 1) % gridDim.x * blockDim.x + threadIdx.x]);
}

KEEN_FAULT(counted_before_all_have_written, "global-race", cudaSuccess, "count_after_all block (",
           " of 16384 bytes from cudaMalloc, which block (", "with no fence and atomic between") {
  auto* arrived = device_array<unsigned>(1);
  KEEN_CUDA_CHECK(cudaMemset(arrived, 0, sizeof(unsigned)));
  count_after_all<<<4, 64>>>(zeros(), arrived, zeros(), !planted);
  return cudaDeviceSynchronize();
}

__global__ void pass_on(float* data, unsigned* flag, float* out, bool weak) {
  if (blockIdx.x == 0) {
    data[0] = 5;
    __threadfence();
    atomicExch(flag, 1);
  } else {
    if (weak) {
      out[0] = *flag == 0 ? 0 : data[0];
    } else {
      while (*const_cast<volatile unsigned*>(flag) == 0) {
      }
      __threadfence();
      out[0] = data[0];
    }
  }
}

KEEN_FAULT(flag_read_like_any_other, "global-race", cudaSuccess, "pass_on block (",
           " bytes from cudaMalloc, which block (", "with no fence and atomic between") {
  auto* flag = device_array<unsigned>(1);
  KEEN_CUDA_CHECK(cudaMemset(flag, 0, sizeof(unsigned)));
  pass_on<<<2, 1>>>(zeros(), flag, zeros(), planted);
  return cudaDeviceSynchronize();
}

__global__ void add_in_block(int* sum, bool whole_device) {
  if (whole_device) {
    atomicAdd(sum, 1);
  } else {
    atomicAdd_block(sum, 1);
  }
}

KEEN_FAULT(scope_of_an_atomic_too_small, "global-race", cudaSuccess, "add_in_block block (",
           "writes byte 0 of 4 bytes from cudaMalloc, which block (",
           "with no fence and atomic between") {
  auto* sum = device_array<int>(1);
  KEEN_CUDA_CHECK(cudaMemset(sum, 0, sizeof(int)));
  add_in_block<<<4, 1>>>(sum, !planted);
  return cudaDeviceSynchronize();
}

// Each thread writes what it, or another one, has read through the read-only cache.
KEEN_LINE(add_to_cached);
__global__ void add_to_cached(const float* x, float* y, int distance) {
  const float value = __ldg(x + threadIdx.x + distance);
  __syncthreads();
  y[threadIdx.x] = value + 1;
}

KEEN_FAULT(cached_and_written, "read-only-cache", cudaSuccess,
           "add_to_cached block (0,0,0) thread (", line_of_add_to_cached + 4,
           "which this launch has read by ld.global.nc") {
  float *x = zeros(), *y = zeros();
  add_to_cached<<<1, 64>>>(x, planted ? x : y, 0);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(cached_by_another_thread, "read-only-cache", cudaSuccess,
           "add_to_cached block (0,0,0) thread (") {
  float* x = zeros();
  add_to_cached<<<1, 64>>>(x, x, planted ? 63 : 64);
  return cudaDeviceSynchronize();
}

__global__ void cache_what_is_written(float* x, float* y) {
  x[threadIdx.x] = threadIdx.x;
  y[threadIdx.x] = __ldg(x + threadIdx.x);
}

KEEN_FAULT(written_and_cached, "read-only-cache", cudaSuccess,
           "cache_what_is_written block (0,0,0)", "which this launch has written") {
  float* x = zeros();
  if (planted) {
    cache_what_is_written<<<1, 64>>>(x, zeros());
  } else {
    add_to_cached<<<1, 64>>>(x, x, 64);  // disjoint
  }
  return cudaDeviceSynchronize();
}

// ---- Warps ------------------------------------------------------------------------------------

__global__ void reverse_in_memory(float* y, bool wait) {
  y[threadIdx.x] = threadIdx.x;
  if (wait) __syncthreads();
  const float other = y[blockDim.x - 1 - threadIdx.x];
  if (wait) __syncthreads();
  y[threadIdx.x] = other;
}

KEEN_FAULT(warps_without_barrier, "global-race", cudaSuccess,
           "reverse_in_memory block (0,0,0) thread (",
           " of 16384 bytes from cudaMalloc, which block (", "with no __syncthreads between") {
  reverse_in_memory<<<1, 64>>>(zeros(), !planted);
  return cudaDeviceSynchronize();
}

// ---- Lanes ------------------------------------------------------------------------------------

__global__ void reverse_warp(float* y, unsigned mask, bool wait) {
  y[threadIdx.x] = threadIdx.x;
  if (wait) __syncwarp(mask);
  const float other = y[threadIdx.x ^ 16];
  if (wait) __syncwarp(mask);
  y[threadIdx.x] = other;
}

KEEN_FAULT(lanes_without_syncwarp, "global-race", cudaSuccess,
           "reverse_warp block (0,0,0) thread (", " of 16384 bytes from cudaMalloc, which block (",
           "with no __syncwarp between") {
  reverse_warp<<<1, 32>>>(zeros(), 0xffffffffU, !planted);
  return cudaDeviceSynchronize();
}

// A __syncwarp orders the lanes of its mask only.
KEEN_LINE(sync_halves);
__global__ void sync_halves(float* y, int distance) {
  y[threadIdx.x] = threadIdx.x;
  __syncwarp(threadIdx.x < 16 ? 0x0000ffffU : 0xffff0000U);
  y[64 + threadIdx.x] = y[threadIdx.x ^ distance];
}

KEEN_FAULT(lanes_of_another_mask, "global-race", cudaSuccess,
           "sync_halves block (0,0,0) thread (0,0,0) ", line_of_sync_halves + 4, "reads byte 64",
           "which block (0,0,0) thread (16,0,0) wrote in ", line_of_sync_halves + 2,
           "with no __syncwarp between") {
  sync_halves<<<1, 32>>>(zeros(), planted ? 16 : 8);
  return cudaDeviceSynchronize();
}

// "They do not guarantee any memory ordering": shuffles.
KEEN_LINE(shuffle_instead);
__global__ void shuffle_instead(float* y, bool shuffle) {
  y[threadIdx.x] = threadIdx.x;
  int other = threadIdx.x ^ 1;
  if (shuffle) {
    other = __shfl_sync(0xffffffffU, other, threadIdx.x);
  } else {
    __syncwarp();
  }
  y[64 + threadIdx.x] = y[other];
}

KEEN_FAULT(shuffle_instead_of_syncwarp, "global-race", cudaSuccess,
           "shuffle_instead block (0,0,0) thread (0,0,0) ", line_of_shuffle_instead + 9,
           "reads byte 4", "with no __syncwarp between") {
  shuffle_instead<<<1, 32>>>(zeros(), planted);
  return cudaDeviceSynchronize();
}

KEEN_LINE(all_write);
__global__ void all_write(float* y, bool different) { y[0] = different ? threadIdx.x : 1; }

KEEN_FAULT(lanes_write_one_word, "global-race", cudaSuccess,
           "all_write block (0,0,0) thread (1,0,0) ", line_of_all_write + 1, "writes byte 0",
           ", at once") {
  all_write<<<1, 32>>>(zeros(), planted);
  return cudaDeviceSynchronize();
}

KEEN_LINE(write_bytes);
__global__ void write_bytes(char* y, int stride) {
  y[threadIdx.x * stride] = static_cast<char>(threadIdx.x);
}

KEEN_FAULT(halves_of_a_word, "global-race", cudaSuccess, "write_bytes block (0,0,0) thread (",
           line_of_write_bytes + 2, "writes byte 0",
           " of 16384 bytes from cudaMalloc, which block (") {
  write_bytes<<<1, 64>>>(reinterpret_cast<char*>(zeros()), planted ? 0 : 1);
  return cudaDeviceSynchronize();
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
