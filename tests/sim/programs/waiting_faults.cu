// What is taken for a synchronisation and is none, and what outlives its call; planted and
// repaired. usage: program CASE
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/graph_case.h"

namespace {

using namespace keen::sim::test;

// A result that is on its way to page-locked memory.
struct Result {
  cudaStream_t stream = new_stream();
  float *x = zeros(), *host = nullptr;

  Result() {
    KEEN_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&host), sizeof(float)));
    *host = 0;
    store_at<<<1, 1, 0, stream>>>(x, 0);
    KEEN_CUDA_CHECK(cudaMemcpyAsync(host, x, sizeof(float), cudaMemcpyDeviceToHost, stream));
  }

  // Whether it is there already.
  int read() const {
    const float seen = *host;
    KEEN_CUDA_CHECK(cudaDeviceSynchronize());
    return seen == 1 ? cudaSuccess : cudaErrorUnknown;
  }
};

// CUDA Runtime API, "API synchronization behavior": cudaMemset of device memory is asynchronous.
KEEN_FAULT(fill_taken_for_a_wait, nullptr, cudaErrorUnknown) {
  float* other = zeros();
  const Result result;
  KEEN_CUDA_CHECK(cudaMemset(other, 0, sizeof(float)));
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(result.stream));
  return result.read();
}

// The same section: "no host-side synchronization" for copies within device memory.
KEEN_FAULT(copy_on_the_device_taken_for_a_wait, nullptr, cudaErrorUnknown) {
  float *from = zeros(), *to = zeros();
  const Result result;
  KEEN_CUDA_CHECK(cudaMemcpy(to, from, sizeof(float), cudaMemcpyDeviceToDevice));
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(result.stream));
  return result.read();
}

// cuda_runtime_api.h, cudaStreamDestroy: it returns at once where the device still works.
KEEN_FAULT(end_of_a_stream_taken_for_a_wait, nullptr, cudaErrorUnknown) {
  const Result result;
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(result.stream));
  KEEN_CUDA_CHECK(cudaStreamDestroy(result.stream));
  return result.read();
}

// Most of a device's memory, taken and given back on `first`, taken again on `second`.
KEEN_FAULT(room_freed_on_another_stream, nullptr, cudaErrorMemoryAllocation) {
  cudaStream_t first = new_stream(), second = new_stream();
  std::size_t unused = 0, all = 0;
  void* memory = nullptr;
  KEEN_CUDA_CHECK(cudaMemGetInfo(&unused, &all));
  KEEN_CUDA_CHECK(cudaMallocAsync(&memory, unused / 4 * 3, first));
  KEEN_CUDA_CHECK(cudaFreeAsync(memory, first));
  if (!planted) order(first, second);
  const int error = cudaMallocAsync(&memory, unused / 4 * 3, second);
  cudaGetLastError();
  if (error == cudaSuccess) KEEN_CUDA_CHECK(cudaFreeAsync(memory, second));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return error;
}

// A captured copy reads page-locked memory when its graph runs.
KEEN_FAULT(pinned_memory_rewritten_before_a_replay, nullptr, cudaErrorUnknown) {
  cudaStream_t stream = new_stream();
  float *x = zeros(), *y = zeros(), *host = nullptr;
  KEEN_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&host), sizeof(float)));
  cudaGraphExec_t exec = instantiated(captured_graph(stream, [&] {
    KEEN_CUDA_CHECK(cudaMemcpyAsync(x, host, sizeof(float), cudaMemcpyHostToDevice, stream));
    increment<<<1, 1, 0, stream>>>(x, y, 1);
  }));
  *host = 7;
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, stream));
  if (!planted) KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  *host = 70;
  KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  return host_copy(y, 1)[0] == 8 ? cudaSuccess : cudaErrorUnknown;
}

// cudaErrorNotReady is no fault, but stays until it is asked for.
KEEN_FAULT(event_not_ready_stays, nullptr, cudaErrorNotReady) {
  cudaStream_t stream = new_stream();
  cudaEvent_t event = new_event();
  float* x = zeros();
  for (int i = 0; i < 64; ++i) store_at<<<1, 32, 0, stream>>>(x, 0);
  KEEN_CUDA_CHECK(cudaEventRecord(event, stream));
  if (cudaEventQuery(event) == cudaErrorNotReady && !planted) cudaGetLastError();
  const cudaError_t kept = cudaGetLastError();
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return kept;
}

// Each launch of the graph would read what lies there then.
KEEN_FAULT(pageable_copy_captured, "capture", cudaSuccess,
           "cudaMemcpyAsync of pageable host memory is captured") {
  cudaStream_t stream = new_stream();
  float *x = zeros(), pageable = 1, *pinned = nullptr;
  KEEN_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&pinned), sizeof(float)));
  const float* source = planted ? &pageable : pinned;
  captured_graph(stream, [&] {
    KEEN_CUDA_CHECK(cudaMemcpyAsync(x, source, sizeof(float), cudaMemcpyHostToDevice, stream));
  });
  return cudaDeviceSynchronize();
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
