#include "tests/sim/runtime/graph_memory.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/pools.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

struct GraphAllocation {
  std::size_t bytes = 0;
  unsigned long long owner = 0;           // the capture that allocates it
  std::set<unsigned long long> freed_by;  // captures
  bool left = false;                      // by a launch: see is_left_by_graph
};

std::map<Address, GraphAllocation>& allocations() {
  static auto* all = new std::map<Address, GraphAllocation>;
  return *all;
}

bool is_freed_by_owner(const GraphAllocation& allocation) {
  return allocation.freed_by.contains(allocation.owner);
}

// What was in it does not last: Programming Guide, "Graph Memory Nodes", "API Fundamentals".
Operation allocation_operation(Address base, std::size_t bytes) {
  Operation operation;
  operation.name = "allocation by a graph";
  operation.type = cudaGraphNodeTypeMemAlloc;
  operation.body = [base, bytes](Execution& execution) {
    execution.device = device_of(base);
    if (bytes > Memory::get().free_bytes(execution.device)) {
      // How hardware says so, and when, is unsourced.
      Machine::get().report("memory", "a graph allocates more than its device has left");
      Machine::get().set_sticky(cudaErrorMemoryAllocation);
      return;
    }
    Memory::get().set_live(*Memory::get().find(base), true);
    std::memset(reinterpret_cast<void*>(base + kWrittenOffset), 0, bytes);
    Memory::get().touch(execution, {reinterpret_cast<void*>(base), bytes, AccessKind::kAllocate});
  };
  return operation;
}

Operation free_operation(Address base, std::size_t bytes) {
  Operation operation;
  operation.name = "free by a graph";
  operation.type = cudaGraphNodeTypeMemFree;
  operation.body = [base, bytes](Execution& execution) {
    execution.device = device_of(base);
    Memory::get().touch(execution, {reinterpret_cast<void*>(base), bytes, AccessKind::kFree});
  };
  return operation;
}

// Why a free node may not be added to the capture; nullptr: it may.
const char* refuse_free(const GraphAllocation& allocation, const Capture& capture) {
  if (allocation.freed_by.contains(capture.id)) return "this graph frees it already";
  if (is_freed_by_owner(allocation)) return "the graph that allocates it frees it";
  if (allocation.owner == capture.id && !allocation.freed_by.empty()) {
    return "another graph frees it";
  }
  return nullptr;
}

bool is_memory_node(const GraphNode& node) { return node.allocates != 0 || node.frees != 0; }

bool allocates(const Executable& executable, Address base) {
  return std::ranges::any_of(
      executable.nodes, [&](const ExecutableNode& each) { return each.node.allocates == base; });
}

}  // namespace

cudaError_t capture_allocation(const char* api, void** pointer, std::size_t bytes, const Pool& pool,
                               Stream& stream) {
  if (bytes == 0) return cudaSuccess;
  const Address base = Memory::get().allocate(pool.device, bytes, AllocationKind::kPool,
                                              std::string(api) + " in a graph");
  if (base == 0) return invalidate(*stream.capture, cudaErrorMemoryAllocation);
  Allocation& allocation = *Memory::get().find(base);
  Memory::get().set_live(allocation, false);
  // Programming Guide, "Peer Access with Stream Capture": the node records what the pool lets in at
  // the time of the capture.
  allocation.reachable = std::make_shared<std::uint32_t>(*pool.reachable);
  GraphNode node;
  node.operation = allocation_operation(base, bytes);
  node.allocates = base;
  allocations()[base] = {bytes, stream.capture->id, {}, false};
  *pointer = reinterpret_cast<void*>(base);
  return capture_node(stream, std::move(node));
}

// cuda_runtime_api.h, cudaFreeAsync: in a capture it "must be passed the address of a graph
// allocation"; cudaGraphAddMemFreeNode: cudaErrorInvalidValue for any other, and for a second free.
cudaError_t capture_free(void* pointer, Stream& stream) {
  const auto base = reinterpret_cast<Address>(pointer);
  Capture& capture = *stream.capture;
  if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
  const auto found = allocations().find(base);
  const char* wrong =
      found == allocations().end() ? "no graph allocates it" : refuse_free(found->second, capture);
  if (wrong != nullptr) {
    Machine::get().report("free", std::string("cudaFreeAsync in a capture: ") + wrong);
    return invalidate(capture, cudaErrorInvalidValue);
  }
  found->second.freed_by.insert(capture.id);
  GraphNode node;
  node.operation = free_operation(base, found->second.bytes);
  node.frees = base;
  return capture_node(stream, std::move(node));
}

bool is_left_by_graph(Address base) {
  const auto found = allocations().find(base);
  return found != allocations().end() && found->second.left;
}

void free_left_by_graph(Address base) {
  const auto found = allocations().find(base);
  if (found != allocations().end()) found->second.left = false;
}

bool has_memory_nodes(const CUgraph_st& graph) {
  return std::ranges::any_of(graph.nodes, [](const auto& node) { return is_memory_node(*node); });
}

bool has_memory_nodes(const Executable& executable) {
  return std::ranges::any_of(executable.nodes,
                             [](const ExecutableNode& each) { return is_memory_node(each.node); });
}

// cuda_runtime_api.h, cudaGraphLaunch: an allocation of the last launch that nobody has freed is
// cudaErrorInvalidValue, or is freed in the stream (cudaGraphInstantiateFlagAutoFreeOnLaunch). That
// a free without anything to free is the same error is unsourced.
cudaError_t begin_launch(const Executable& executable, Stream& stream) {
  for (const ExecutableNode& each : executable.nodes) {
    const GraphNode& node = each.node;
    if (node.allocates != 0 && is_left_by_graph(node.allocates) && !executable.frees_on_launch) {
      Machine::get().report("free", "cudaGraphLaunch: memory of the last launch was not freed");
      return cudaErrorInvalidValue;
    }
    if (node.frees != 0 && !is_left_by_graph(node.frees) && !allocates(executable, node.frees)) {
      Machine::get().report("free", "cudaGraphLaunch: the graph frees what is not allocated");
      return cudaErrorInvalidValue;
    }
  }
  for (const ExecutableNode& each : executable.nodes) {
    const Address base = each.node.allocates;
    if (each.node.frees != 0) free_left_by_graph(each.node.frees);
    if (base == 0) continue;
    GraphAllocation& allocation = allocations()[base];
    if (allocation.left) {
      if (const cudaError_t error =
              submit(stream, free_operation(base, allocation.bytes), {executable.last})) {
        return error;
      }
    }
    allocation.left = !is_freed_by_owner(allocation);
  }
  return cudaSuccess;
}

}  // namespace keen::sim
