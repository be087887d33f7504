// Correct kernels whose threads give each other values through global memory.
// usage: sim_races CASE
#include <cooperative_groups.h>

#include <cuda/atomic>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/correct_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;
namespace cg = cooperative_groups;

bool all_are(const float* device, int count, float value) {
  return host_copy(device, count) == std::vector<float>(count, value);
}

unsigned* counter() { return reinterpret_cast<unsigned*>(zeros(1)); }

// All threads fence what they wrote; one of them counts for the block behind the barrier.
__global__ void all_fence(float* parts, unsigned* arrived, float* y) {
  __shared__ bool last;
  parts[blockIdx.x * blockDim.x + threadIdx.x] = 1;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(arrived, 1) == gridDim.x - 1;
  __syncthreads();
  if (!last) return;
  float sum = 0;
  for (int k = 0; k < gridDim.x; ++k) sum += parts[k * blockDim.x + threadIdx.x];
  y[threadIdx.x] = sum;
  if (threadIdx.x == 0) *arrived = 0;
}

KEEN_CORRECT(all_threads_fence) {
  float *parts = zeros(), *y = zeros();
  unsigned* arrived = counter();
  for (int k = 0; k < 2; ++k) all_fence<<<8, 64>>>(parts, arrived, y);
  return all_are(y, 64, 8);
}

// Blocks wait for each other, twice, as grid.sync() does.
__global__ void meet(float* x, float* y, unsigned* arrived) {
  const int own = blockIdx.x * blockDim.x + threadIdx.x;
  const int other = (blockIdx.x + 1) % gridDim.x * blockDim.x + threadIdx.x;
  x[own] = 1;
  for (unsigned round = 1; round <= 2; ++round) {
    __syncthreads();
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(arrived, 1);
      while (*const_cast<volatile unsigned*>(arrived) < round * gridDim.x) {
      }
      __threadfence();
    }
    __syncthreads();
    if (round == 1) y[own] = x[other];
    if (round == 2) x[own] = y[other] + 1;
  }
}

KEEN_CORRECT(blocks_wait_for_each_other) {
  float *x = zeros(), *y = zeros();
  meet<<<4, 64>>>(x, y, counter());
  return all_are(x, 256, 2);
}

__global__ void take_turns(float* sum, unsigned* lock) {
  if (threadIdx.x == 0) {
    while (atomicCAS(lock, 0U, 1U) != 0) {
    }
    __threadfence();
    *sum += 1;
    __threadfence();
    atomicExch(lock, 0U);
  }
}

KEEN_CORRECT(lock_around_a_sum) {
  float* sum = zeros();
  take_turns<<<16, 32>>>(sum, counter());
  return all_are(sum, 1, 16);
}

// A chain of blocks: each adds to what the one before it released.
__global__ void chain(float* data, unsigned* flags) {
  cuda::atomic_ref<unsigned, cuda::thread_scope_device> mine(flags[blockIdx.x]);
  float before = 0;
  if (blockIdx.x > 0) {
    cuda::atomic_ref<unsigned, cuda::thread_scope_device> theirs(flags[blockIdx.x - 1]);
    while (theirs.load(cuda::memory_order_acquire) == 0) {
    }
    before = data[blockIdx.x - 1] + data[0] - 1;  // data[0]: two releases away
  }
  data[blockIdx.x] = before + 1;
  mine.store(1, cuda::memory_order_release);
}

KEEN_CORRECT(chain_of_releases) {
  float* data = zeros();
  chain<<<8, 1>>>(data, reinterpret_cast<unsigned*>(zeros()));
  return host_copy(data, 8) == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8};
}

__global__ void tiles(float* x) {
  const auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  const auto tile = cg::tiled_partition<8>(warp);
  const int base = threadIdx.x / 8 * 8;
  x[threadIdx.x] = threadIdx.x % 8;
  tile.sync();
  const float next = x[base + (threadIdx.x + 1) % 8];
  tile.sync();
  x[threadIdx.x] = next;
  warp.sync();
  x[64 + threadIdx.x] = x[threadIdx.x ^ 8];
}

KEEN_CORRECT(tiles_of_a_warp) {
  float* x = zeros();
  tiles<<<1, 32>>>(x);
  bool good = true;
  const auto made = host_copy(x + 64, 32);
  for (int k = 0; k < 32; ++k) good &= made[k] == static_cast<float>((k + 1) % 8);
  return good;
}

// The half of a warp that comes later learns of the other half from one that has met it.
__global__ void hand_on(float* x) {
  const unsigned lane = threadIdx.x;
  if (lane == 0) x[0] = 1;
  if (lane < 2) __syncwarp(0x3U);
  if (lane == 1 || lane == 2) __syncwarp(0x6U);
  if (lane == 2) x[1] = x[0] + 1;
}

KEEN_CORRECT(order_through_a_third_lane) {
  float* x = zeros();
  hand_on<<<1, 32>>>(x);
  return host_copy(x, 2) == std::vector<float>{1, 2};
}

// The sum of doubles in the CUDA C++ Programming Guide, "Atomic Functions", begins with a plain
// read.
__global__ void add_doubles(double* sum) {
  auto* bits = reinterpret_cast<unsigned long long*>(sum);
  unsigned long long old = *bits, assumed = 0;
  do {
    assumed = old;
    old = atomicCAS(bits, assumed, __double_as_longlong(1 + __longlong_as_double(assumed)));
  } while (assumed != old);
}

KEEN_CORRECT(sum_by_compare_and_swap) {
  auto* sum = reinterpret_cast<double*>(zeros());
  add_doubles<<<4, 32>>>(sum);
  return host_copy(sum, 1)[0] == 128;
}

__global__ void find(const float* x, int* found, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && x[i] == 0) *found = 1;
}

KEEN_CORRECT(flag_that_all_set) {
  int* found = reinterpret_cast<int*>(zeros());
  find<<<8, 64>>>(zeros(), found, 512);
  return host_copy(found, 1)[0] == 1;
}

// Neighbours own the bytes of one word.
__global__ void count_bytes(unsigned char* y, const float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = static_cast<unsigned char>(x[i] + 1);
}

KEEN_CORRECT(neighbours_in_a_word) {
  auto* y = reinterpret_cast<unsigned char*>(zeros());
  count_bytes<<<10, 3>>>(y, zeros());
  return host_copy(y, 30) == std::vector<unsigned char>(30, 1);
}

// A warp writes shared memory, another one waits for its flag.
__global__ void hand_over(float* y) {
  __shared__ float data;
  __shared__ unsigned flag;
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  if (threadIdx.x == 0) {
    data = 3;
    y[1] = 4;
    __threadfence_block();
    atomicExch(&flag, 1U);
  }
  if (threadIdx.x == 32) {
    while (atomicAdd(&flag, 0U) == 0) {
    }
    __threadfence_block();
    y[0] = data + y[1];
  }
}

KEEN_CORRECT(flag_between_warps) {
  float* y = zeros();
  hand_over<<<1, 64>>>(y);
  return all_are(y, 1, 7);
}

// What one launch reads through the read-only cache, the next one may write.
__global__ void add_cached(const float* x, float* y) {
  y[threadIdx.x] = __ldg(x + threadIdx.x) + 1;
}

KEEN_CORRECT(cached_by_one_launch_written_by_the_next) {
  float *x = zeros(), *y = zeros();
  for (int turn = 0; turn < 3; ++turn) {
    add_cached<<<1, 64>>>(x, y);
    add_cached<<<1, 64>>>(y, x);
  }
  return host_copy(x, 1)[0] == 6;
}

}  // namespace

int main(int argc, char** argv) { return run_correct(argc, argv); }
