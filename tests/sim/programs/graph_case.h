// Graphs out of captures, for the programs of cases.
#pragma once
#include <functional>

#include "tests/sim/programs/check.h"

namespace keen::sim::test {

inline cudaGraph_t captured_graph(cudaStream_t stream, const std::function<void()>& work) {
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  work();
  KEEN_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  return graph;
}

inline cudaGraphExec_t instantiated(cudaGraph_t graph, unsigned flags = 0) {
  cudaGraphExec_t exec = nullptr;
  KEEN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, flags));
  return exec;
}

inline float* async_array(std::size_t count, cudaStream_t stream) {
  void* memory = nullptr;
  KEEN_CUDA_CHECK(cudaMallocAsync(&memory, count * sizeof(float), stream));
  return static_cast<float*>(memory);
}

}  // namespace keen::sim::test
