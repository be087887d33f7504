// Misuse of the runtime's API, each planted and repaired: devices, handles, peers, frees.
// usage: sim_api_faults CASE
#include <functional>
#include <thread>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/graph_case.h"

namespace {

using namespace keen::sim::test;

// What `work` gives back with the device current.
template <class Work>
auto on_device(int device, const Work& work) {
  KEEN_CUDA_CHECK(cudaSetDevice(device));
  const auto made = work();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  return made;
}

// The error of a call that fails at once; else what the device's work ends with.
cudaError_t first_error(cudaError_t error) {
  cudaGetLastError();
  const cudaError_t end = cudaDeviceSynchronize();
  return error != cudaSuccess ? error : end;
}

cudaError_t launched() {
  const cudaError_t error = cudaGetLastError();
  return first_error(error);
}

// ---- Devices ----------------------------------------------------------------------------------

KEEN_FAULT(event_of_another_device_recorded, nullptr, cudaErrorInvalidResourceHandle) {
  cudaStream_t stream = on_device(1, new_stream);
  cudaEvent_t event = on_device(planted ? 0 : 1, new_event);
  return first_error(cudaEventRecord(event, stream));
}

KEEN_FAULT(time_between_two_devices, nullptr, cudaErrorInvalidResourceHandle) {
  cudaEvent_t events[2] = {};
  for (int k = 0; k < 2; ++k) {
    on_device(planted ? k : 0, [&] {
      KEEN_CUDA_CHECK(cudaEventCreate(&events[k]));
      KEEN_CUDA_CHECK(cudaEventRecord(events[k], new_stream()));
      return cudaEventSynchronize(events[k]);
    });
  }
  float milliseconds = 0;
  return first_error(cudaEventElapsedTime(&milliseconds, events[0], events[1]));
}

KEEN_FAULT(memory_of_the_wrong_device, "peer-access", cudaErrorIllegalAddress,
           "store_at writes at ", "device 1 has no access to memory of device 0") {
  float* x = on_device(planted ? 0 : 1, [] { return zeros(); });
  cudaError_t error = cudaSuccess;
  std::thread([&] {
    KEEN_CUDA_CHECK(cudaSetDevice(1));
    store_at<<<1, 32>>>(x, 0);
    error = cudaDeviceSynchronize();
  }).join();
  return error;
}

// A new thread starts with device 0.
KEEN_FAULT(thread_without_its_device, nullptr, cudaErrorInvalidResourceHandle) {
  cudaStream_t stream = on_device(1, new_stream);
  float* x = on_device(1, [] { return zeros(); });
  cudaError_t error = cudaSuccess;
  std::thread([&] {
    if (!planted) KEEN_CUDA_CHECK(cudaSetDevice(1));
    store_at<<<1, 32, 0, stream>>>(x, 0);
    error = launched();
  }).join();
  return error;
}

KEEN_FAULT(device_that_is_not_there, nullptr, cudaErrorInvalidDevice) {
  int count = 0;
  KEEN_CUDA_CHECK(cudaGetDeviceCount(&count));
  const cudaError_t error = cudaSetDevice(planted ? count : 0);
  return first_error(error);
}

KEEN_FAULT(peer_copy_of_the_wrong_device, nullptr, cudaErrorInvalidValue) {
  float *x = zeros(), *y = on_device(1, [] { return zeros(); });
  return first_error(cudaMemcpyPeerAsync(y, planted ? 0 : 1, x, planted ? 1 : 0, 64, new_stream()));
}

// cudaStreamPerThread is another stream in each thread.
KEEN_FAULT(stream_of_another_thread, "race...", cudaSuccess, "increment ") {
  float *x = zeros(), *y = zeros();
  std::thread([&] { increment<<<2, 64, 0, cudaStreamPerThread>>>(x, y, kSize); }).join();
  if (!planted) KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  KEEN_CUDA_CHECK(cudaStreamSynchronize(cudaStreamPerThread));
  cudaStream_t a = new_stream();
  increment<<<2, 64, 0, a>>>(y, x, kSize);
  return cudaDeviceSynchronize();
}

// The legacy default stream, and so a wait for it, does not wait for streams that do not block.
KEEN_FAULT(default_stream_waited_for_alone, "race...", cudaSuccess, "increment ") {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = nullptr;
  KEEN_CUDA_CHECK(cudaStreamCreateWithFlags(&a, planted ? cudaStreamNonBlocking : 0U));
  increment<<<2, 64, 0, a>>>(x, y, kSize);
  KEEN_CUDA_CHECK(cudaStreamSynchronize(nullptr));
  increment<<<2, 64, 0, new_stream()>>>(y, x, kSize);
  return cudaDeviceSynchronize();
}

KEEN_FAULT(call_in_a_host_function, "host-function", cudaErrorNotPermitted,
           "cudaFree is called inside a host function") {
  struct Data {
    bool planted;
    cudaError_t error;
  } data = {planted, cudaSuccess};
  const auto function = [](void* argument) {
    Data& target = *static_cast<Data*>(argument);
    if (target.planted) target.error = cudaFree(nullptr);
  };
  KEEN_CUDA_CHECK(cudaLaunchHostFunc(new_stream(), function, &data));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return data.error;
}

// ---- Handles ----------------------------------------------------------------------------------

KEEN_FAULT(destroyed_stream, "handle", cudaErrorInvalidResourceHandle,
           "use of a stream that does not exist") {
  float* x = zeros();
  cudaStream_t a = new_stream();
  if (planted) KEEN_CUDA_CHECK(cudaStreamDestroy(a));
  const cudaError_t error = cudaMemsetAsync(x, 0, 64, a);
  if (!planted) KEEN_CUDA_CHECK(cudaStreamDestroy(a));
  return first_error(error);
}

KEEN_FAULT(stream_destroyed_twice, "handle", cudaErrorInvalidResourceHandle) {
  cudaStream_t a = new_stream(), b = new_stream();
  KEEN_CUDA_CHECK(cudaStreamDestroy(a));
  return first_error(cudaStreamDestroy(planted ? a : b));
}

KEEN_FAULT(default_stream_destroyed, nullptr, cudaErrorInvalidResourceHandle) {
  return first_error(cudaStreamDestroy(planted ? cudaStreamLegacy : new_stream()));
}

KEEN_FAULT(destroyed_event_waited_for, "handle", cudaErrorInvalidResourceHandle) {
  cudaStream_t a = new_stream(), b = new_stream();
  cudaEvent_t event = new_event();
  KEEN_CUDA_CHECK(cudaEventRecord(event, a));
  if (planted) KEEN_CUDA_CHECK(cudaEventDestroy(event));
  const cudaError_t error = cudaStreamWaitEvent(b, event, 0);
  if (!planted) KEEN_CUDA_CHECK(cudaEventDestroy(event));
  return first_error(error);
}

KEEN_FAULT(destroyed_event_queried, "handle", cudaErrorInvalidResourceHandle,
           "use of an event that does not exist") {
  cudaEvent_t event = new_event(), other = new_event();
  KEEN_CUDA_CHECK(cudaEventDestroy(event));
  return first_error(cudaEventQuery(planted ? event : other));
}

KEEN_FAULT(time_without_timing, nullptr, cudaErrorInvalidResourceHandle) {
  cudaStream_t a = new_stream();
  cudaEvent_t events[2] = {};
  for (cudaEvent_t& event : events) {
    KEEN_CUDA_CHECK(
        cudaEventCreateWithFlags(&event, planted ? cudaEventDisableTiming : cudaEventBlockingSync));
    KEEN_CUDA_CHECK(cudaEventRecord(event, a));
  }
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  float milliseconds = 0;
  return first_error(cudaEventElapsedTime(&milliseconds, events[0], events[1]));
}

KEEN_FAULT(destroyed_graph_launched, "handle", cudaErrorInvalidValue,
           "launch of a graph that does not exist") {
  float* x = zeros();
  cudaStream_t a = new_stream();
  cudaGraphExec_t exec =
      instantiated(captured_graph(a, [&] { KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a)); }));
  if (planted) KEEN_CUDA_CHECK(cudaGraphExecDestroy(exec));
  const cudaError_t error = cudaGraphLaunch(exec, a);
  if (!planted) KEEN_CUDA_CHECK(cudaGraphExecDestroy(exec));
  return first_error(error);
}

KEEN_FAULT(destroyed_pool, nullptr, cudaErrorInvalidValue) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location = {cudaMemLocationTypeDevice, 0};
  cudaMemPool_t pool = nullptr;
  KEEN_CUDA_CHECK(cudaMemPoolCreate(&pool, &properties));
  if (planted) KEEN_CUDA_CHECK(cudaMemPoolDestroy(pool));
  void* memory = nullptr;
  return first_error(cudaMallocFromPoolAsync(&memory, 64, pool, new_stream()));
}

// ---- Peers ------------------------------------------------------------------------------------

KEEN_FAULT(peer_access_taken_back, "peer-access", cudaErrorIllegalAddress) {
  float* x = on_device(1, [] { return zeros(); });
  KEEN_CUDA_CHECK(cudaDeviceEnablePeerAccess(1, 0));
  if (planted) KEEN_CUDA_CHECK(cudaDeviceDisablePeerAccess(1));
  store_at<<<1, 32>>>(x, 0);
  const cudaError_t error = cudaDeviceSynchronize();
  if (!planted) KEEN_CUDA_CHECK(cudaDeviceDisablePeerAccess(1));
  return error;
}

// Each direction has its own.
KEEN_FAULT(peer_access_the_other_way, "peer-access", cudaErrorIllegalAddress,
           "device 0 has no access to memory of device 1") {
  float* x = on_device(1, [] { return zeros(); });
  if (planted) {
    // From the run before: it stays enabled, since after the fault no call can end it.
    on_device(1, [] { return cudaDeviceEnablePeerAccess(0, 0); });
    cudaGetLastError();
  } else {
    KEEN_CUDA_CHECK(cudaDeviceEnablePeerAccess(1, 0));
  }
  store_at<<<1, 32>>>(x, 0);
  const cudaError_t error = cudaDeviceSynchronize();
  if (!planted) KEEN_CUDA_CHECK(cudaDeviceDisablePeerAccess(1));
  return error;
}

// The error stays, as others do, until somebody asks.
KEEN_FAULT(peer_access_enabled_twice, nullptr, cudaErrorPeerAccessAlreadyEnabled) {
  KEEN_CUDA_CHECK(cudaDeviceEnablePeerAccess(1, 0));
  if (planted) cudaDeviceEnablePeerAccess(1, 0);
  store_at<<<1, 32>>>(zeros(), 0);
  const cudaError_t error = launched();
  KEEN_CUDA_CHECK(cudaDeviceDisablePeerAccess(1));
  return error;
}

KEEN_FAULT(pool_closed_to_a_peer, "peer-access", cudaErrorIllegalAddress) {
  cudaMemPool_t pool = nullptr;
  KEEN_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, 1));
  float* x = on_device(1, [] {
    float* made = async_array(kSize, nullptr);
    KEEN_CUDA_CHECK(cudaDeviceSynchronize());
    return made;
  });
  cudaMemAccessDesc access = {};
  access.location = {cudaMemLocationTypeDevice, 0};
  access.flags = cudaMemAccessFlagsProtReadWrite;
  KEEN_CUDA_CHECK(cudaMemPoolSetAccess(pool, &access, 1));
  access.flags = cudaMemAccessFlagsProtNone;
  if (planted) KEEN_CUDA_CHECK(cudaMemPoolSetAccess(pool, &access, 1));
  store_at<<<1, 32>>>(x, 0);
  const cudaError_t error = cudaDeviceSynchronize();
  if (!planted) KEEN_CUDA_CHECK(cudaMemPoolSetAccess(pool, &access, 1));
  return error;
}

KEEN_FAULT(pool_closed_to_its_device, nullptr, cudaErrorInvalidValue) {
  cudaMemPool_t pool = nullptr;
  KEEN_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, 1));
  cudaMemAccessDesc access = {};
  access.location = {cudaMemLocationTypeDevice, planted ? 1 : 0};
  access.flags = cudaMemAccessFlagsProtNone;
  return first_error(cudaMemPoolSetAccess(pool, &access, 1));
}

// ---- Frees ------------------------------------------------------------------------------------

KEEN_FAULT(free_inside_of_a_block, "free", cudaErrorInvalidValue) {
  float* x = zeros();
  return first_error(cudaFree(x + (planted ? 64 : 0)));
}

KEEN_FAULT(asynchronous_free_inside_of_a_block, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float* x = async_array(kSize, a);
  return first_error(cudaFreeAsync(x + (planted ? 64 : 0), a));
}

KEEN_FAULT(asynchronous_free_twice, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float *x = async_array(kSize, a), *y = async_array(kSize, a);
  KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  return first_error(cudaFreeAsync(planted ? x : y, a));
}

KEEN_FAULT(freed_after_an_asynchronous_free, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float *x = async_array(kSize, a), *y = async_array(kSize, a);
  KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return first_error(cudaFree(planted ? x : y));
}

float* pinned_array(std::size_t count) {
  void* memory = nullptr;
  KEEN_CUDA_CHECK(cudaMallocHost(&memory, count * sizeof(float)));
  return static_cast<float*>(memory);
}

KEEN_FAULT(pinned_memory_freed_twice, "free", cudaErrorInvalidValue) {
  float *x = pinned_array(64), *y = pinned_array(64);
  KEEN_CUDA_CHECK(cudaFreeHost(x));
  return first_error(cudaFreeHost(planted ? x : y));
}

KEEN_FAULT(pinned_memory_freed_as_a_device_s, "free", cudaErrorInvalidValue) {
  float* x = pinned_array(64);
  return first_error(planted ? cudaFree(x) : cudaFreeHost(x));
}

KEEN_FAULT(pinned_memory_freed_while_copied, "use-after-free", cudaSuccess) {
  float *x = zeros(), *host = pinned_array(64);
  cudaStream_t a = new_stream();
  KEEN_CUDA_CHECK(cudaMemcpyAsync(host, x, 256, cudaMemcpyDeviceToHost, a));
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return first_error(cudaFreeHost(host));
}

// cudaFree does not wait for work on a pool's memory.
KEEN_FAULT(pool_memory_freed_while_used, "use-after-free", cudaErrorIllegalAddress) {
  cudaStream_t a = new_stream();
  float* x = async_array(kSize, a);
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  store_at<<<1, 32, 0, a>>>(x, 0);
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return first_error(cudaFree(x));
}

// ---- Errors that stay -------------------------------------------------------------------------

KEEN_FAULT(failed_allocation_not_looked_at, nullptr, cudaErrorMemoryAllocation) {
  KEEN_SIM(cudasim_fail)("cudaMalloc", 1, cudaErrorMemoryAllocation);
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, 64);
  if (!planted && error == cudaErrorMemoryAllocation) cudaGetLastError();
  store_at<<<1, 32>>>(zeros(), 0);
  return launched();
}

KEEN_FAULT(copy_of_the_wrong_kind, "memcpy-kind", cudaErrorInvalidValue,
           "cudaMemcpyAsync with kind 1 is a copy from device to device") {
  float *x = zeros(), *y = zeros();
  return first_error(cudaMemcpyAsync(
      y, x, 64, planted ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToDevice, new_stream()));
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
