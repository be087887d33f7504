// Faults, each planted and repaired: planted, exactly what is named must be found, with every seed;
// repaired (the same program but for the fix), nothing. usage: sim_faults CASE
#include <nccl.h>

#include <cstring>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

// ---- Order
// ---------------------------------------------------------------------------------------

KEEN_FAULT(missing_event, "race...", cudaSuccess, "increment ",
           " of cudaMalloc, unordered with the ", " by keen::sim::test::increment") {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  increment<<<4, 128, 0, a>>>(x, y, kSize);
  if (!planted) order(a, b);
  increment<<<4, 128, 0, b>>>(y, x, kSize);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(disjoint_halves, "race", cudaSuccess, "increment writes bytes ",
           " of cudaMalloc, unordered with the write by ") {  // of one
                                                              // allocation,
                                                              // from
                                                              // two
                                                              // streams
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  increment<<<4, 128, 0, a>>>(x, y, kSize / 2);
  increment<<<4, 128, 0, b>>>(x, y + kSize / 2 - (planted ? 1 : 0), kSize / 2);
  return cudaDeviceSynchronize();
}

// What is found depends on which of the two comes first.
KEEN_FAULT(free_while_in_use, "race|use-after-free", cudaSuccess, "cudaMalloc") {
  float *x = zeros(), *y = nullptr;
  cudaStream_t a = new_stream(), b = new_stream();
  KEEN_CUDA_CHECK(cudaMallocAsync(reinterpret_cast<void**>(&y), kSize * sizeof(float), a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  increment<<<4, 128, 0, a>>>(x, y, kSize);
  if (!planted) order(a, b);
  KEEN_CUDA_CHECK(cudaFreeAsync(y, b));
  const cudaError_t error = cudaDeviceSynchronize();
  return planted ? cudaSuccess : error;
}

KEEN_FAULT(result_read_too_early, nullptr, cudaErrorUnknown) {
  float *x = zeros(), *host = nullptr;
  cudaStream_t a = new_stream();
  KEEN_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&host), kSize * sizeof(float)));
  std::memset(host, 0, kSize * sizeof(float));
  store_at<<<1, 128, 0, a>>>(x, 0);
  KEEN_CUDA_CHECK(cudaMemcpyAsync(host, x, kSize * sizeof(float), cudaMemcpyDeviceToHost, a));
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  const float seen = host[5];
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return seen == host[5] ? cudaSuccess : cudaErrorUnknown;
}

KEEN_FAULT(pinned_reused_too_early, nullptr, cudaErrorUnknown) {
  float *x = zeros(), *host = nullptr;
  cudaStream_t a = new_stream();
  KEEN_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&host), sizeof(float)));
  *host = 7;
  KEEN_CUDA_CHECK(cudaMemcpyAsync(x, host, sizeof(float), cudaMemcpyHostToDevice, a));
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  *host = 8;
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return host_copy(x, 1)[0] == 7 ? cudaSuccess : cudaErrorUnknown;
}

// ---- Memory
// --------------------------------------------------------------------------------------

KEEN_FAULT(out_of_bounds, "out-of-bounds", cudaErrorIllegalAddress,
           "store_at block (0,0,0) thread (127,0,0) ", line_of_store_at + 1,
           ": offset 16384 of 16384 bytes from cudaMalloc") {
  store_at<<<1, 128>>>(zeros(), kSize - 128 + (planted ? 1 : 0));
  return cudaDeviceSynchronize();
}

KEEN_FAULT(uninitialised_read, "uninitialised-read", cudaSuccess,
           "increment block (0,0,0) thread (", line_of_increment + 3,
           " of 16384 bytes from cudaMalloc, which nothing has written") {
  float *x = device_array<float>(kSize), *y = zeros();
  if (!planted) KEEN_CUDA_CHECK(cudaMemset(x, 0, kSize * sizeof(float)));
  increment<<<1, 128>>>(x, y, kSize);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(uninitialised_byte_copied, "uninitialised-read", cudaSuccess,
           "copy from device to host reads byte 99 of 100 bytes from cudaMalloc, which nothing") {
  auto* x = device_array<char>(100);
  KEEN_CUDA_CHECK(cudaMemset(x, 0, planted ? 99 : 100));
  host_copy(x, 100);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(misaligned_vector, "misaligned", cudaErrorMisalignedAddress,
           "copy_vectors block (0,0,0) thread (0,0,0) ", line_of_copy_vectors + 1, "'ld.global.v4",
           ": 16 bytes at ") {
  float *x = zeros(), *y = zeros();
  copy_vectors<<<1, 32>>>(reinterpret_cast<float4*>(x + (planted ? 1 : 4)),
                          reinterpret_cast<float4*>(y));
  return cudaDeviceSynchronize();
}

KEEN_FAULT(host_pointer_to_kernel, "host-pointer", cudaErrorIllegalAddress,
           "increment block (0,0,0) thread (", line_of_increment + 3,
           "not an address of a device") {
  float *x = zeros(), *y = zeros(), host[128] = {};
  increment<<<1, 128>>>(planted ? host : x, y, 128);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(use_after_free, "use-after-free", cudaErrorIllegalAddress,
           "increment block (0,0,0) thread (", line_of_increment + 3,
           "the block of 16384 bytes from cudaMalloc was freed") {
  float *x = zeros(), *y = zeros();
  if (planted) KEEN_CUDA_CHECK(cudaFree(x));
  increment<<<1, 128>>>(x, y, 128);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(peer_access_missing, "peer-access", cudaErrorIllegalAddress, "increment reads at ",
           "512 bytes: device 0 has no access to memory of device 1") {
  KEEN_CUDA_CHECK(cudaSetDevice(1));
  float* x = zeros();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  if (!planted) KEEN_CUDA_CHECK(cudaDeviceEnablePeerAccess(1, 0));
  increment<<<1, 128>>>(x, zeros(), 128);
  const cudaError_t error = cudaDeviceSynchronize();
  if (!planted) KEEN_CUDA_CHECK(cudaDeviceDisablePeerAccess(1));
  return error;
}

// cudaDeviceEnablePeerAccess does not open the memory of pools, cudaMemPoolSetAccess does.
KEEN_FAULT(pool_access_missing, "peer-access", cudaErrorIllegalAddress, "increment reads at ",
           "512 bytes: device 0 has no access to memory of device 1") {
  float* x = nullptr;
  cudaMemPool_t pool = nullptr;
  KEEN_CUDA_CHECK(cudaSetDevice(1));
  KEEN_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, 1));
  KEEN_CUDA_CHECK(cudaMallocAsync(reinterpret_cast<void**>(&x), kSize * sizeof(float), nullptr));
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, kSize * sizeof(float), nullptr));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  cudaMemAccessDesc access = {};
  access.location = {cudaMemLocationTypeDevice, 0};
  access.flags = planted ? cudaMemAccessFlagsProtNone : cudaMemAccessFlagsProtReadWrite;
  KEEN_CUDA_CHECK(cudaMemPoolSetAccess(pool, &access, 1));
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  // From the run before: it stays enabled.
  if (cudaDeviceEnablePeerAccess(1, 0) != cudaSuccess) cudaGetLastError();
  increment<<<1, 128>>>(x, zeros(), 128);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(double_free, "free", cudaErrorInvalidValue,
           "cudaFree of what is not, or no longer, allocated") {
  float* x = zeros();
  KEEN_CUDA_CHECK(cudaFree(x));
  return planted ? cudaFree(x) : cudaFree(nullptr);
}

KEEN_FAULT(memory_runs_out, nullptr, cudaErrorMemoryAllocation) {
  if (planted) KEEN_SIM(cudasim_fail)("cudaMalloc", 3, cudaErrorMemoryAllocation);
  void* memory = nullptr;
  cudaError_t error = cudaSuccess;
  for (int i = 0; i < 3 && error == cudaSuccess; ++i) error = cudaMalloc(&memory, 16);
  cudaGetLastError();
  return error;
}

// ---- Blocks and warps
// ----------------------------------------------------------------------------

KEEN_FAULT(divergent_barrier, "divergence", cudaErrorLaunchFailure,
           "barrier_in_branch block (0,0,0) thread (",
           "'bar.sync 0': threads of a block meet at different barriers") {
  barrier_in_branch<<<1, 64>>>(zeros(), planted ? 40 : 64);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(ended_before_barrier, "divergence", cudaSuccess,
           "leave_before_barrier block (0,0,0) thread (", line_of_leave_before_barrier + 4,
           ": 24 threads of the block have ended before this barrier") {
  leave_before_barrier<<<1, 64>>>(zeros(), planted ? 40 : 64);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(missing_syncthreads, "shared-race|uninitialised-read...", cudaSuccess,
           "reverse_block block (0,0,0) thread (", line_of_reverse_block + 5) {
  reverse_block<<<1, 64>>>(zeros(), !planted);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(missing_syncwarp, "shared-race", cudaSuccess,
           "exchange_lanes block (0,0,0) thread (0,0,0) ", line_of_exchange_lanes + 5,
           "reads byte 124 of shared memory, which block (0,0,0) thread (31,0,0) wrote in ",
           line_of_exchange_lanes + 3, "with no __syncwarp between") {
  exchange_lanes<<<1, 32>>>(zeros(), !planted);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(shared_overrun, "shared-out-of-bounds", cudaErrorLaunchFailure,
           "overrun_shared block (0,0,0) thread (31,0,0) ", line_of_overrun_shared + 3,
           ": offset 128, 4 bytes, of 128") {
  overrun_shared<<<1, 32>>>(zeros(), planted ? 1 : 0);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(lane_not_in_its_mask, "divergence", cudaErrorLaunchFailure,
           "shuffle_under block (0,0,0) thread (31,0,0) ", "the lane is not in its own mask") {
  shuffle_under<<<1, 32>>>(planted ? 0x7fffffffU : 0xffffffffU, zeros());
  return cudaDeviceSynchronize();
}

// ---- Launches
// ------------------------------------------------------------------------------------

KEEN_FAULT(grid_too_tall, nullptr, cudaErrorInvalidConfiguration) {
  store_at<<<dim3(1, planted ? 70000 : 2), 1>>>(zeros(), 0);
  const cudaError_t error = cudaGetLastError();
  return error != cudaSuccess ? error : cudaDeviceSynchronize();
}

KEEN_FAULT(block_too_deep, nullptr, cudaErrorInvalidConfiguration) {
  store_at<<<1, dim3(1, 1, planted ? 65 : 64)>>>(zeros(), 0);
  const cudaError_t error = cudaGetLastError();
  return error != cudaSuccess ? error : cudaDeviceSynchronize();
}

KEEN_FAULT(shared_without_opt_in, nullptr, cudaErrorInvalidValue) {
  constexpr int kBytes = 60 * 1024;
  if (!planted) {
    KEEN_CUDA_CHECK(
        cudaFuncSetAttribute(use_dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes));
  } else {
    KEEN_CUDA_CHECK(
        cudaFuncSetAttribute(use_dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, 0));
  }
  use_dynamic<<<1, 32, kBytes>>>(zeros());
  const cudaError_t error = cudaGetLastError();
  return error != cudaSuccess ? error : cudaDeviceSynchronize();
}

KEEN_FAULT(wrong_device, nullptr, cudaErrorInvalidResourceHandle) {
  cudaStream_t a = new_stream();
  float* x = zeros();
  if (planted) KEEN_CUDA_CHECK(cudaSetDevice(1));
  store_at<<<1, 32, 0, a>>>(x, 0);
  const cudaError_t error = cudaGetLastError();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  return error != cudaSuccess ? error : cudaDeviceSynchronize();
}

KEEN_FAULT(not_ready_stays, nullptr, cudaErrorNotReady) {
  cudaStream_t a = new_stream();
  float* x = zeros();
  for (int i = 0; i < 64; ++i) store_at<<<1, 32, 0, a>>>(x, 0);
  if (cudaStreamQuery(a) == cudaErrorNotReady && !planted) cudaGetLastError();
  const cudaError_t kept = cudaGetLastError();
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return kept;
}

// ---- Capture
// -------------------------------------------------------------------------------------

KEEN_FAULT(capture_not_joined, nullptr, cudaErrorStreamCaptureUnjoined) {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 4, a));
  order(a, b);
  KEEN_CUDA_CHECK(cudaMemsetAsync(y, 0, 4, b));
  if (!planted) order(b, a);
  const cudaError_t error = cudaStreamEndCapture(a, &graph);
  cudaGetLastError();
  return error;
}

KEEN_FAULT(allocation_in_capture, nullptr, cudaErrorStreamCaptureUnsupported) {
  cudaStream_t a = new_stream();
  cudaGraph_t graph = nullptr;
  void* memory = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(
      a, planted ? cudaStreamCaptureModeGlobal : cudaStreamCaptureModeRelaxed));
  const cudaError_t error = cudaMalloc(&memory, 16);
  cudaStreamEndCapture(a, &graph);
  cudaGetLastError();
  return error;
}

KEEN_FAULT(replay_of_freed, "use-after-free", cudaErrorIllegalAddress, "cudaMemset writes at ",
           "64 bytes: the block of 16384 bytes from cudaMalloc was freed") {
  float* x = zeros();
  cudaStream_t a = new_stream();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a));
  KEEN_CUDA_CHECK(cudaStreamEndCapture(a, &graph));
  KEEN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
  if (planted) KEEN_CUDA_CHECK(cudaFree(x));
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  return cudaStreamSynchronize(a);
}

KEEN_FAULT(graph_branches_clash, "race", cudaSuccess,
           "cudaMemset writes bytes 0 to 4 of cudaMalloc, unordered with the write by cudaMemset") {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 4, a));
  order(a, b);
  KEEN_CUDA_CHECK(cudaMemsetAsync(y, 0, 4, b));
  KEEN_CUDA_CHECK(cudaMemsetAsync(planted ? y : x, 1, 4, a));
  order(b, a);
  KEEN_CUDA_CHECK(cudaStreamEndCapture(a, &graph));
  KEEN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  return cudaStreamSynchronize(a);
}

// ---- NCCL
// ----------------------------------------------------------------------------------------

KEEN_FAULT(rank_missing, "deadlock", cudaErrorLaunchTimeout,
           "waiting: [ncclAllReduce of rank 0 on device 0]") {
  ncclComm_t comms[2] = {};
  const int devices[] = {0, 1};
  ncclCommInitAll(comms, 2, devices);
  float* x[2];
  cudaStream_t streams[2];
  for (int d = 0; d < 2; ++d) {
    KEEN_CUDA_CHECK(cudaSetDevice(d));
    x[d] = zeros();
    streams[d] = new_stream();
  }
  ncclGroupStart();
  for (int d = 0; d < (planted ? 1 : 2); ++d)
    ncclAllReduce(x[d], x[d], 16, ncclFloat, ncclSum, comms[d], streams[d]);
  ncclGroupEnd();
  cudaError_t error = cudaSuccess;
  for (int d = 0; d < 2; ++d) {
    cudaSetDevice(d);
    if (error == cudaSuccess) error = cudaStreamSynchronize(streams[d]);
  }
  cudaSetDevice(0);
  return error;
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
