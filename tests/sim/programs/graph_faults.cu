// Faults with graphs, each planted and repaired: memory that a graph owns, child graphs, updates.
// usage: sim_graph_faults CASE
#include <utility>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/graph_case.h"

namespace {

using namespace keen::sim::test;

// The first error that the calls after a capture, or the wait for what they started, give back.
cudaError_t first_error(cudaError_t error, cudaStream_t stream) {
  cudaGetLastError();
  const cudaError_t end = cudaStreamSynchronize(stream);
  return error != cudaSuccess ? error : end;
}

// ---- Memory nodes -----------------------------------------------------------------------------

KEEN_FAULT(used_after_its_free_node, "use-after-free", cudaErrorIllegalAddress) {
  cudaStream_t a = new_stream();
  cudaGraph_t graph = captured_graph(a, [&] {
    float* x = async_array(kSize, a);
    if (planted) KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
    KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a));
    if (!planted) KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  });
  return first_error(cudaGraphLaunch(instantiated(graph), a), a);
}

KEEN_FAULT(used_outside_of_its_graph, "use-after-free", cudaErrorIllegalAddress) {
  cudaStream_t a = new_stream();
  float* x = nullptr;
  cudaGraph_t graph = captured_graph(a, [&] {
    x = async_array(kSize, a);
    if (planted) KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  });
  KEEN_CUDA_CHECK(cudaGraphLaunch(instantiated(graph), a));
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a));
  if (!planted) KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  return cudaStreamSynchronize(a);
}

KEEN_FAULT(used_before_a_launch, "use-after-free", cudaErrorIllegalAddress) {
  cudaStream_t a = new_stream();
  float* x = nullptr;
  cudaGraph_t graph = captured_graph(a, [&] { x = async_array(kSize, a); });
  cudaGraphExec_t exec = instantiated(graph);
  if (!planted) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a));
  if (!planted) KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  return cudaStreamSynchronize(a);
}

// What the last launch left in the memory is gone.
KEEN_FAULT(graph_memory_read_unwritten, "uninitialised-read", cudaSuccess) {
  float* y = zeros();
  cudaStream_t a = new_stream();
  bool first = true;
  for (const bool write : {true, !planted}) {
    cudaGraph_t graph = captured_graph(a, [&] {
      float* x = async_array(64, a);
      if (write) KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 256, a));
      KEEN_CUDA_CHECK(cudaMemcpyAsync(y, x, 256, cudaMemcpyDeviceToDevice, a));
      KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
    });
    KEEN_CUDA_CHECK(cudaGraphLaunch(instantiated(graph), a));
    if (first) KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
    first = false;
  }
  return cudaStreamSynchronize(a);
}

KEEN_FAULT(launched_again_before_a_free, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float* x = nullptr;
  cudaGraph_t graph = captured_graph(a, [&] {
    x = async_array(kSize, a);
    KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a));
  });
  cudaGraphExec_t exec = instantiated(graph);
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  if (!planted) KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  return first_error(cudaGraphLaunch(exec, a), a);
}

KEEN_FAULT(launched_again_without_the_flag, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  cudaGraph_t graph = captured_graph(a, [&] { async_array(kSize, a); });
  cudaGraphExec_t exec =
      instantiated(graph, planted ? 0 : cudaGraphInstantiateFlagAutoFreeOnLaunch);
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  return first_error(cudaGraphLaunch(exec, a), a);
}

KEEN_FAULT(instantiated_twice, nullptr, cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  cudaGraph_t graph =
      captured_graph(a, [&] { KEEN_CUDA_CHECK(cudaFreeAsync(async_array(kSize, a), a)); });
  cudaGraphExec_t first = instantiated(graph), second = nullptr;
  if (!planted) KEEN_CUDA_CHECK(cudaGraphExecDestroy(first));
  return cudaGraphInstantiate(&second, graph, 0);
}

// What is freed in a capture must come from a graph.
KEEN_FAULT(pool_memory_freed_by_a_graph, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float* outside = async_array(kSize, a);
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
  float* inside = async_array(kSize, a);
  const cudaError_t error = cudaFreeAsync(planted ? outside : inside, a);
  cudaStreamEndCapture(a, &graph);
  return first_error(error, a);
}

KEEN_FAULT(graph_memory_freed_twice, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
  float *x = async_array(kSize, a), *y = async_array(kSize, a);
  KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  const cudaError_t error = cudaFreeAsync(planted ? x : y, a);
  cudaStreamEndCapture(a, &graph);
  return first_error(error, a);
}

KEEN_FAULT(freed_by_its_graph_and_after, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float* x = nullptr;
  cudaGraph_t graph = captured_graph(a, [&] {
    x = async_array(kSize, a);
    if (planted) KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  });
  KEEN_CUDA_CHECK(cudaGraphLaunch(instantiated(graph), a));
  return first_error(cudaFreeAsync(x, a), a);
}

KEEN_FAULT(free_graph_before_its_allocation, "free", cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float* x = nullptr;
  cudaGraphExec_t makes = instantiated(captured_graph(a, [&] { x = async_array(kSize, a); }));
  cudaGraphExec_t frees =
      instantiated(captured_graph(a, [&] { KEEN_CUDA_CHECK(cudaFreeAsync(x, a)); }));
  if (!planted) KEEN_CUDA_CHECK(cudaGraphLaunch(makes, a));
  return first_error(cudaGraphLaunch(frees, a), a);
}

KEEN_FAULT(graph_without_memory, "memory", cudaErrorMemoryAllocation) {
  static float* most = nullptr;  // of the run before, after whose fault no call could free it
  KEEN_CUDA_CHECK(cudaFree(std::exchange(most, nullptr)));
  std::size_t free_bytes = 0, total = 0;
  KEEN_CUDA_CHECK(cudaMemGetInfo(&free_bytes, &total));
  const std::size_t count = free_bytes / 2 / sizeof(float) + 4096;
  cudaStream_t a = new_stream();
  cudaGraph_t graph =
      captured_graph(a, [&] { KEEN_CUDA_CHECK(cudaFreeAsync(async_array(count, a), a)); });
  if (planted) most = device_array<float>(count);
  const cudaError_t error = first_error(cudaGraphLaunch(instantiated(graph), a), a);
  return error;
}

// The allocation is ordered in its stream alone.
KEEN_FAULT(graph_memory_used_beside_its_node, "race|use-after-free", cudaSuccess) {
  cudaStream_t a = new_stream(), b = new_stream();
  cudaGraph_t graph = captured_graph(a, [&] {
    if (planted) order(a, b);
    float* x = async_array(kSize, a);
    if (!planted) order(a, b);
    KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, b));
    order(b, a);
    KEEN_CUDA_CHECK(cudaFreeAsync(x, a));
  });
  const cudaError_t error = first_error(cudaGraphLaunch(instantiated(graph), a), a);
  return planted ? cudaSuccess : error;
}

// ---- Child graphs -----------------------------------------------------------------------------

KEEN_FAULT(child_with_memory_nodes, nullptr, cudaErrorInvalidValue) {
  cudaStream_t a = new_stream();
  float* x = zeros();
  cudaGraphExec_t child = instantiated(captured_graph(a, [&] {
    KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a));
    if (planted) KEEN_CUDA_CHECK(cudaFreeAsync(async_array(kSize, a), a));
  }));
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
  const cudaError_t error = cudaGraphLaunch(child, a);
  cudaStreamEndCapture(a, &graph);
  return first_error(error, a);
}

KEEN_FAULT(child_beside_work_on_its_memory, "race...", cudaSuccess, "increment ") {
  cudaStream_t a = new_stream(), b = new_stream();
  float *x = zeros(), *y = zeros();
  cudaGraphExec_t child =
      instantiated(captured_graph(a, [&] { increment<<<2, 64, 0, a>>>(x, x, kSize); }));
  cudaGraph_t graph = captured_graph(a, [&] {
    order(a, b);
    KEEN_CUDA_CHECK(cudaGraphLaunch(child, a));
    increment<<<2, 64, 0, b>>>(planted ? x : y, y, kSize);
    order(b, a);
  });
  return first_error(cudaGraphLaunch(instantiated(graph), a), a);
}

// ---- Updates ----------------------------------------------------------------------------------

cudaGraphExecUpdateResult update(cudaGraphExec_t exec, cudaGraph_t graph) {
  cudaGraphExecUpdateResultInfo info = {};
  const cudaError_t error = cudaGraphExecUpdate(exec, graph, &info);
  const bool fine = info.result == cudaGraphExecUpdateSuccess;
  cudaGetLastError();
  if (error != (fine ? cudaSuccess : cudaErrorGraphExecUpdateFailure)) std::exit(1);
  return info.result;
}

KEEN_FAULT(update_with_another_count, nullptr, cudaGraphExecUpdateErrorTopologyChanged) {
  cudaStream_t a = new_stream();
  float* x = zeros();
  const auto work = [&](int count) {
    return captured_graph(a, [&] {
      for (int k = 0; k < count; ++k) KEEN_CUDA_CHECK(cudaMemsetAsync(x, k, 64, a));
    });
  };
  return update(instantiated(work(2)), work(planted ? 3 : 2));
}

KEEN_FAULT(update_with_another_order, nullptr, cudaGraphExecUpdateErrorTopologyChanged) {
  cudaStream_t a = new_stream(), b = new_stream();
  float *x = zeros(), *y = zeros();
  const auto work = [&](bool fork) {
    return captured_graph(a, [&] {
      order(a, b);
      KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a));
      if (!fork) order(a, b);
      KEEN_CUDA_CHECK(cudaMemsetAsync(y, 0, 64, b));
      order(b, a);
    });
  };
  return update(instantiated(work(true)), work(!planted));
}

KEEN_FAULT(update_with_another_kind_of_node, nullptr, cudaGraphExecUpdateErrorNodeTypeChanged) {
  cudaStream_t a = new_stream();
  float *x = zeros(), *y = zeros();
  cudaGraphExec_t exec =
      instantiated(captured_graph(a, [&] { KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, a)); }));
  return update(exec, captured_graph(a, [&] {
                  if (planted) {
                    increment<<<1, 64, 0, a>>>(x, y, 64);
                  } else {
                    KEEN_CUDA_CHECK(cudaMemsetAsync(y, 1, 32, a));
                  }
                }));
}

KEEN_FAULT(update_with_another_memory_type, nullptr, cudaGraphExecUpdateErrorParametersChanged) {
  cudaStream_t a = new_stream();
  float *x = zeros(), *y = zeros(), *host = nullptr;
  KEEN_CUDA_CHECK(cudaMallocHost(reinterpret_cast<void**>(&host), 64));
  const auto work = [&](float* target) {
    return captured_graph(
        a, [&] { KEEN_CUDA_CHECK(cudaMemcpyAsync(target, x, 64, cudaMemcpyDefault, a)); });
  };
  return update(instantiated(work(y)), work(planted ? host : zeros()));
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
