#pragma once
#include <cstddef>

#include "tests/sim/runtime/stream.h"

namespace keen::sim {

// Memory that graphs own: cuda_runtime_api.h, cudaGraphAddMemAllocNode and cudaGraphAddMemFreeNode.
// Its address is fixed when it is captured; it lives from the node that allocates it, in each
// launch, to that which frees it, or to a cudaFreeAsync or cudaFree after the launch.

// cudaMallocAsync and cudaFreeAsync in a stream that captures.
cudaError_t capture_allocation(const char* api, void** pointer, std::size_t bytes, const Pool& pool,
                               Stream& stream);
cudaError_t capture_free(void* pointer, Stream& stream);

// Whether a graph's launch has allocated it and nothing has been asked to free it since.
bool is_left_by_graph(Address base);
// It has been asked for.
void free_left_by_graph(Address base);

bool has_memory_nodes(const CUgraph_st& graph);
bool has_memory_nodes(const Executable& executable);
// At each launch, before any node: whether its allocations may be made and its frees have something
// to free.
cudaError_t begin_launch(const Executable& executable, Stream& stream);

}  // namespace keen::sim
