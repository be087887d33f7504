// Right uses of the runtime's API that a strict stand-in might refuse. usage: sim_api CASE
#include <cstring>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/correct_case.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/graph_case.h"

namespace {

using namespace keen::sim::test;

bool all_are(const float* device, int count, float value) {
  return host_copy(device, count) == std::vector<float>(count, value);
}

// ---- Kernels ----------------------------------------------------------------------------------

KEEN_CORRECT(name_of_a_kernel) {
  const char* name = nullptr;
  KEEN_CUDA_CHECK(cudaFuncGetName(&name, reinterpret_cast<const void*>(increment)));
  const char* none = nullptr;
  const cudaError_t error = cudaFuncGetName(&none, &name);
  static_cast<void>(cudaGetLastError());
  return std::strstr(name, "increment") != nullptr && error == cudaErrorInvalidDeviceFunction;
}

// ---- Graphs -----------------------------------------------------------------------------------

// Memory that lives inside of each launch.
KEEN_CORRECT(scratch_of_a_graph) {
  float *x = zeros(), *scratch = nullptr;
  cudaStream_t a = new_stream();
  cudaGraphExec_t exec = instantiated(captured_graph(a, [&] {
    scratch = async_array(kSize, a);
    increment<<<2, 64, 0, a>>>(x, scratch, kSize);
    increment<<<2, 64, 0, a>>>(scratch, x, kSize);
    KEEN_CUDA_CHECK(cudaFreeAsync(scratch, a));
  }));
  for (int k = 0; k < 3; ++k) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return all_are(x, kSize, 6);
}

// Memory that a launch leaves, freed in the three ways that there are.
KEEN_CORRECT(result_of_a_graph) {
  float *x = zeros(), *left = nullptr;
  cudaStream_t a = new_stream();
  cudaGraphExec_t exec = instantiated(captured_graph(a, [&] {
    left = async_array(kSize, a);
    increment<<<2, 64, 0, a>>>(x, left, kSize);
  }));
  cudaGraphExec_t frees =
      instantiated(captured_graph(a, [&] { KEEN_CUDA_CHECK(cudaFreeAsync(left, a)); }));
  for (int way = 0; way < 3; ++way) {
    KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
    increment<<<2, 64, 0, a>>>(left, x, kSize);
    if (way == 0) KEEN_CUDA_CHECK(cudaFreeAsync(left, a));
    if (way == 1) KEEN_CUDA_CHECK(cudaGraphLaunch(frees, a));
    KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
    if (way == 2) KEEN_CUDA_CHECK(cudaFree(left));
  }
  return all_are(x, kSize, 6);
}

KEEN_CORRECT(freed_on_launch) {
  float *x = zeros(), *left = nullptr;
  cudaStream_t a = new_stream(), b = new_stream();
  cudaGraph_t graph = captured_graph(a, [&] {
    left = async_array(kSize, a);
    increment<<<2, 64, 0, a>>>(x, left, kSize);
    increment<<<2, 64, 0, a>>>(left, x, kSize);
  });
  cudaGraphExec_t exec = instantiated(graph, cudaGraphInstantiateFlagAutoFreeOnLaunch);
  for (int k = 0; k < 4; ++k) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, k % 2 == 0 ? a : b));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  KEEN_CUDA_CHECK(cudaFree(left));
  return all_are(x, kSize, 8);
}

// The graph goes; what it left stays, until it is freed.
KEEN_CORRECT(memory_outlives_its_graph) {
  float *x = zeros(), *left = nullptr;
  cudaStream_t a = new_stream();
  cudaGraph_t graph = captured_graph(a, [&] {
    left = async_array(kSize, a);
    increment<<<2, 64, 0, a>>>(x, left, kSize);
  });
  cudaGraphExec_t exec = instantiated(graph);
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  KEEN_CUDA_CHECK(cudaGraphExecDestroy(exec));
  KEEN_CUDA_CHECK(cudaGraphDestroy(graph));
  const bool right = all_are(left, kSize, 1);
  KEEN_CUDA_CHECK(cudaFreeAsync(left, a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return right;
}

// A child graph is a copy: its exec may run, change and go.
KEEN_CORRECT(graph_in_a_graph) {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  const auto add_to = [&](float* target) {
    return captured_graph(a, [&] {
      increment<<<2, 64, 0, a>>>(target, target, kSize);
      increment<<<2, 64, 0, a>>>(target, target, kSize);
    });
  };
  cudaGraphExec_t child = instantiated(add_to(x));
  cudaGraph_t graph = captured_graph(a, [&] {
    increment<<<2, 64, 0, a>>>(x, x, kSize);
    order(a, b);
    KEEN_CUDA_CHECK(cudaGraphLaunch(child, a));
    increment<<<2, 64, 0, b>>>(y, y, kSize);
    order(b, a);
    increment<<<2, 64, 0, a>>>(x, y, kSize);
  });
  std::size_t count = 0;
  KEEN_CUDA_CHECK(cudaGraphGetNodes(graph, nullptr, &count));
  cudaGraphExecUpdateResultInfo info = {};
  KEEN_CUDA_CHECK(cudaGraphExecUpdate(child, add_to(y), &info));
  KEEN_CUDA_CHECK(cudaGraphExecDestroy(child));
  cudaGraphExec_t exec = instantiated(graph);
  for (int k = 0; k < 2; ++k) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return count == 4 && all_are(x, kSize, 6) && all_are(y, kSize, 7);
}

KEEN_CORRECT(update_of_a_graph) {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream();
  const auto add_to = [&](float* target) {
    return captured_graph(a, [&] { increment<<<2, 64, 0, a>>>(target, target, kSize); });
  };
  cudaGraphExec_t exec = instantiated(add_to(x));
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  cudaGraphExecUpdateResultInfo info = {};
  // The launch before keeps what it had.
  KEEN_CUDA_CHECK(cudaGraphExecUpdate(exec, add_to(y), &info));
  for (int k = 0; k < 2; ++k) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return info.result == cudaGraphExecUpdateSuccess && all_are(x, kSize, 1) && all_are(y, kSize, 2);
}

// ---- Handles and devices ----------------------------------------------------------------------

// Work that was asked for goes on (cuda_runtime_api.h: cudaStreamDestroy, cudaEventDestroy).
KEEN_CORRECT(destroyed_while_in_use) {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  cudaEvent_t event = new_event();
  increment<<<2, 64, 0, a>>>(x, y, kSize);
  KEEN_CUDA_CHECK(cudaEventRecord(event, a));
  KEEN_CUDA_CHECK(cudaStreamWaitEvent(b, event, 0));
  KEEN_CUDA_CHECK(cudaEventDestroy(event));
  KEEN_CUDA_CHECK(cudaStreamDestroy(a));
  increment<<<2, 64, 0, b>>>(y, x, kSize);
  KEEN_CUDA_CHECK(cudaStreamSynchronize(b));
  return all_are(x, kSize, 2);
}

// An event that was never recorded stands for nothing.
KEEN_CORRECT(event_never_recorded) {
  cudaStream_t a = new_stream();
  cudaEvent_t event = new_event();
  return cudaStreamWaitEvent(a, event, 0) == cudaSuccess && cudaEventQuery(event) == cudaSuccess &&
         cudaEventSynchronize(event) == cudaSuccess;
}

// Copies, fills, waits and events of another device's stream do not ask for the current device
// (Programming Guide, "Stream and Event Behavior"); nor do frees.
KEEN_CORRECT(calls_for_another_device) {
  KEEN_CUDA_CHECK(cudaSetDevice(1));
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream();
  cudaEvent_t event = new_event();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  cudaStream_t b = new_stream();
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, kSize * sizeof(float), a));
  KEEN_CUDA_CHECK(cudaMemcpyAsync(y, x, kSize * sizeof(float), cudaMemcpyDeviceToDevice, a));
  KEEN_CUDA_CHECK(cudaEventRecord(event, a));
  KEEN_CUDA_CHECK(cudaStreamWaitEvent(b, event, 0));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(b));
  const bool right = all_are(y, kSize, 0);
  KEEN_CUDA_CHECK(cudaFree(x));
  KEEN_CUDA_CHECK(cudaFree(y));
  return right;
}

// A copy between devices needs no peer access.
KEEN_CORRECT(copy_between_devices) {
  float *x = zeros(), *y = nullptr;
  KEEN_CUDA_CHECK(cudaSetDevice(1));
  y = zeros();
  KEEN_CUDA_CHECK(cudaSetDevice(0));
  cudaStream_t a = new_stream();
  increment<<<2, 64, 0, a>>>(x, x, kSize);
  KEEN_CUDA_CHECK(cudaMemcpyPeerAsync(y, 1, x, 0, kSize * sizeof(float), a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return all_are(y, kSize, 1);
}

// ---- Out of memory ----------------------------------------------------------------------------

// Whichever allocation fails, the program gives back what it has, and goes on.
KEEN_CORRECT(any_allocation_may_fail) {
  bool right = true;
  for (int k = 1; k <= 4; ++k) {
    KEEN_SIM(cudasim_fail)("cudaMallocAsync", k, cudaErrorMemoryAllocation);
    cudaStream_t a = new_stream();
    std::vector<void*> blocks;
    void* memory = nullptr;
    cudaError_t error = cudaSuccess;
    while ((error = cudaMallocAsync(&memory, 64, a)) == cudaSuccess) blocks.push_back(memory);
    right &= error == cudaErrorMemoryAllocation && blocks.size() == static_cast<std::size_t>(k - 1);
    right &= cudaGetLastError() == cudaErrorMemoryAllocation && cudaGetLastError() == cudaSuccess;
    for (void* block : blocks) KEEN_CUDA_CHECK(cudaFreeAsync(block, a));
    float* x = async_array(64, a);
    KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 256, a));
    increment<<<1, 64, 0, a>>>(x, x, 64);
    KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
    right &= all_are(x, 64, 1);
    KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
    KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  }
  return right;
}

// What does not fit fails, and after a free it fits.
KEEN_CORRECT(memory_that_is_full) {
  std::size_t free_bytes = 0, total = 0;
  KEEN_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total));
  void *most = nullptr, *more = nullptr;
  const std::size_t half = free_bytes / 2 + 4096;
  KEEN_CUDA_CHECK(cudaMalloc(&most, half));
  const bool refused = cudaMalloc(&more, half) == cudaErrorMemoryAllocation;
  const bool told = cudaGetLastError() == cudaErrorMemoryAllocation && more == nullptr;
  KEEN_CUDA_CHECK(cudaFree(most));
  KEEN_CUDA_CHECK(cudaMalloc(&more, half));
  KEEN_CUDA_CHECK(cudaFree(more));
  return refused && told;
}

// Three times what the device holds at once: each comes after the free before it in the stream.
KEEN_CORRECT(room_freed_earlier_in_the_stream) {
  cudaStream_t stream = new_stream();
  float* y = zeros();
  std::size_t unused = 0, all = 0;
  KEEN_CUDA_CHECK(cudaMemGetInfo(&unused, &all));
  for (int turn = 0; turn < 3; ++turn) {
    float* memory = nullptr;
    KEEN_CUDA_CHECK(cudaMallocAsync(reinterpret_cast<void**>(&memory), unused / 4 * 3, stream));
    KEEN_CUDA_CHECK(cudaMemsetAsync(memory, 0, kSize * sizeof(float), stream));
    increment<<<4, 128, 0, stream>>>(memory, memory, kSize);
    increment<<<4, 128, 0, stream>>>(memory, y, kSize);
    KEEN_CUDA_CHECK(cudaFreeAsync(memory, stream));
  }
  KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  std::size_t left = 0;
  KEEN_CUDA_CHECK(cudaMemGetInfo(&left, &all));
  return host_copy(y, 1)[0] == 2 && left == unused;
}

}  // namespace

int main(int argc, char** argv) { return run_correct(argc, argv); }
