// Faults in memory, each planted and repaired: blocks that an allocator announces, bytes of shared
// and local memory, asynchronous copies. usage: sim_memory_faults CASE
#include <cuda_pipeline.h>

// The assertions of kernels are what is tried here.
#undef NDEBUG
#include <cassert>

#include "tests/sim/programs/announce.h"
#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

constexpr int kBlock = 128;  // floats

// A segment with two blocks that lie side by side, and what is behind them.
struct Segment {
  float* base = device_array<float>(kSize);
  nvtxMemHeapHandle_t heap = announce_heap(base, kSize * sizeof(float), "segment");
  float* first = announce_block(heap, base, kBlock);
  float* second = announce_block(heap, base + kBlock, kBlock);

  void clear() {
    KEEN_CUDA_CHECK(cudaMemset(first, 0, kBlock * sizeof(float)));
    KEEN_CUDA_CHECK(cudaMemset(second, 0, kBlock * sizeof(float)));
  }
};

// ---- Announced blocks -------------------------------------------------------------------------

KEEN_FAULT(over_the_end_of_a_block, "out-of-bounds", cudaErrorIllegalAddress,
           "store_at block (0,0,0) thread (127,0,0) ", line_of_store_at + 1,
           "in no block; 0 bytes behind the announced block 'segment+512' of 512 bytes") {
  Segment segment;
  store_at<<<1, kBlock>>>(segment.second, planted ? 1 : 0);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(
    into_the_next_block, "out-of-bounds", cudaErrorIllegalAddress,
    "store_at block (0,0,0) thread (127,0,0) ", line_of_store_at + 1,
    "offset 0 of the announced block 'segment+512' of 512 bytes, which the kernel was given no ") {
  Segment segment;
  store_at<<<1, kBlock>>>(segment.first, planted ? 1 : 0);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(copy_over_the_end_of_a_block, "out-of-bounds", cudaErrorIllegalAddress,
           "cudaMemset writes at ", "513 bytes: of the announced block 'segment+0' of 512 bytes") {
  Segment segment;
  KEEN_CUDA_CHECK(cudaMemset(segment.first, 0, kBlock * sizeof(float) + (planted ? 1 : 0)));
  return cudaDeviceSynchronize();
}

KEEN_FAULT(segment_outside_of_blocks, "out-of-bounds", cudaErrorIllegalAddress,
           "store_at block (0,0,0) thread (0,0,0) ", line_of_store_at + 1,
           "byte 1024 of the announced heap 'segment', in no block") {
  Segment segment;
  store_at<<<1, 32>>>(planted ? segment.base + 2 * kBlock : segment.second, 0);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(use_of_a_block_taken_back, "use-after-free", cudaErrorIllegalAddress,
           "store_at block (0,0,0) thread (", line_of_store_at + 1,
           "of the announced block 'segment+512' of 512 bytes, which was taken back") {
  Segment segment;
  if (planted) take_back(segment.second);
  store_at<<<1, kBlock>>>(segment.second, 0);
  if (!planted) take_back(segment.second);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(copy_of_a_block_taken_back, "use-after-free", cudaErrorIllegalAddress,
           "copy from device to host reads at ",
           "byte 0 of the announced block of 512 bytes, which was taken back") {
  float* x = zeros();
  announce_block(nullptr, x, kBlock);
  KEEN_CUDA_CHECK(cudaMemset(x, 0, kBlock * sizeof(float)));
  if (planted) take_back(x);
  std::vector<float> host(kBlock);
  return cudaMemcpy(host.data(), x, kBlock * sizeof(float), cudaMemcpyDeviceToHost);
}

KEEN_FAULT(recycled_block_read_unwritten, "uninitialised-read", cudaSuccess,
           "increment block (0,0,0) thread (", line_of_increment + 3,
           " of the announced block 'segment+0' of 512 bytes, which nothing has written") {
  Segment segment;
  segment.clear();
  take_back(segment.first);
  announce_block(segment.heap, segment.base, kBlock);
  if (!planted) KEEN_CUDA_CHECK(cudaMemset(segment.first, 0, kBlock * sizeof(float)));
  increment<<<1, kBlock>>>(segment.first, segment.second, kBlock);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(grown_block_read_unwritten, "uninitialised-read", cudaSuccess,
           "increment block (0,0,0) thread (0,0,0) ", line_of_increment + 3,
           "byte 512 of the announced block 'segment+0' of 516 bytes, which nothing has written") {
  Segment segment;
  segment.clear();
  take_back(segment.second);
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  resize_block(segment.first, kBlock + 1);
  increment<<<1, 32>>>(segment.first + (planted ? kBlock : 0), segment.first, 1);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(block_in_no_heap, "nvtx", cudaSuccess,
           "nvtxMemRegionsRegister: the block does not lie in the heap") {
  Segment segment;
  announce_block(segment.heap, segment.base + kSize - kBlock + (planted ? 1 : 0), kBlock);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(blocks_overlap, "nvtx", cudaSuccess,
           "nvtxMemRegionsRegister: the block overlaps one that is announced") {
  Segment segment;
  announce_block(segment.heap, segment.base + 2 * kBlock - (planted ? 1 : 0), kBlock);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(block_taken_back_twice, "nvtx", cudaSuccess,
           "nvtxMemRegionsUnregister: there is no such block") {
  Segment segment;
  take_back(segment.first);
  if (planted) take_back(segment.first);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(range_ended_twice, "nvtx", cudaSuccess,
           "nvtxDomainRangePop: no range of the domain is open on this thread") {
  nvtxDomainHandle_t domain = nvtxDomainCreateA("domain");
  nvtxEventAttributes_t event = {};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  nvtxDomainRangePushEx(domain, &event);
  nvtxDomainRangePop(domain);
  if (planted) nvtxDomainRangePop(domain);
  return cudaDeviceSynchronize();
}

// ---- Shared and local memory ------------------------------------------------------------------

KEEN_LINE(read_shared);
__global__ void read_shared(float* y, int written) {
  __shared__ float s[64];
  if (threadIdx.x < written) s[threadIdx.x] = 1;
  __syncthreads();
  y[threadIdx.x] = s[threadIdx.x];
}

KEEN_FAULT(shared_read_unwritten, "uninitialised-read", cudaSuccess,
           "read_shared block (0,0,0) thread (63,0,0) ", line_of_read_shared + 5,
           "byte 252 of shared memory, which nothing has written") {
  read_shared<<<1, 64>>>(zeros(), planted ? 63 : 64);
  return cudaDeviceSynchronize();
}

KEEN_LINE(read_local);
__global__ void read_local(float* y, int written, int n) {
  float local[16];
  for (int k = 0; k < written; ++k) local[k * n % 16] = k;
  y[threadIdx.x] = local[(threadIdx.x * n + 15) % 16];
}

KEEN_FAULT(local_read_unwritten, "uninitialised-read", cudaSuccess,
           "read_local block (0,0,0) thread (", line_of_read_local + 4,
           " of local memory, which nothing has written") {
  read_local<<<1, 32>>>(zeros(), planted ? 15 : 16, 3);
  return cudaDeviceSynchronize();
}

__global__ void add_to_shared(int* y, bool clear) {
  __shared__ int sum;
  if (clear && threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, 1);
  __syncthreads();
  y[threadIdx.x] = sum;
}

KEEN_FAULT(shared_counter_not_cleared, "uninitialised-read", cudaSuccess,
           "add_to_shared block (0,0,0) thread (",
           "byte 0 of shared memory, which nothing has written") {
  add_to_shared<<<1, 64>>>(reinterpret_cast<int*>(zeros()), !planted);
  return cudaDeviceSynchronize();
}

// ---- Asynchronous copies ----------------------------------------------------------------------

__global__ void copy_async(const float* x, float* y, bool wait, bool sync) {
  __shared__ float tile[64];
  __pipeline_memcpy_async(&tile[threadIdx.x], x + threadIdx.x, sizeof(float));
  __pipeline_commit();
  if (wait) __pipeline_wait_prior(0);
  if (sync) __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x ^ (sync ? 1 : 0)];
}

// On compute capability 7.5 the copies are plain ones, which are there at once.
bool copies_are_asynchronous() {
  int major = 0;
  KEEN_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  return major >= 8;
}

KEEN_FAULT(copy_not_waited_for, "async-copy|uninitialised-read", cudaSuccess,
           " of shared memory, which ") {
  const bool real = copies_are_asynchronous();
  copy_async<<<1, 64>>>(zeros(), zeros(), !planted, true);
  if (planted && !real) read_shared<<<1, 64>>>(zeros(), 63);
  return cudaDeviceSynchronize();
}

// ---- What a kernel says -----------------------------------------------------------------------

KEEN_LINE(check_size);
__global__ void check_size(int n) {
  assert(n > 3);
  if (n == 5) __trap();
}

KEEN_FAULT(assertion_fails, "assert", cudaErrorAssert, "check_size block (0,0,0) thread (0,0,0) ",
           line_of_check_size + 2, "assertion `n > 3` failed") {
  check_size<<<1, 1>>>(planted ? 3 : 4);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(kernel_traps, "trap", cudaErrorLaunchFailure, "check_size block (0,0,0) thread (0,0,0) ",
           line_of_check_size + 3) {
  check_size<<<1, 1>>>(planted ? 5 : 4);
  return cudaDeviceSynchronize();
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
