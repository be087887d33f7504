// Captures and graphs: cuda_runtime_api.h, "Stream Management" and "Graph Management".
#include <cuda_runtime_api.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/core/stalls.h"
#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/graph_memory.h"
#include "tests/sim/runtime/graph_nodes.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

void launch_nodes(Executable& executable, Stream& stream, std::vector<WorkRef>* launched) {
  const WorkRef start = stream.last;
  for (ExecutableNode& node : executable.nodes) {
    auto work = std::make_shared<Work>();
    work->operation = node.node.operation;
    work->device = node.node.device;
    work->actor = node.actor;
    work->clock = start->clock;
    add_blocker(work, start);
    for (const std::size_t before : node.node.after) {
      work->clock.join((*launched)[before]->clock);
      add_blocker(work, (*launched)[before]);
    }
    work->clock.advance(node.actor);
    release(work);
    launched->push_back(work);
  }
}

cudaError_t launch(Executable& executable, Stream& stream) {
  cudasim_counters& counters = Machine::get().counters;
  stream.clock.join(executable.clock);
  if (const cudaError_t error = begin_launch(executable, stream)) return error;
  ++counters.graph_launches;
  counters.graph_nodes += std::ranges::count_if(
      executable.nodes, [](const ExecutableNode& each) { return !each.node.ends_child; });
  Operation start;
  start.name = "cudaGraphLaunch";
  if (const cudaError_t error = submit(stream, std::move(start), {executable.last})) return error;
  std::vector<WorkRef> launched;
  launch_nodes(executable, stream, &launched);
  Operation end;
  end.name = "end of cudaGraphLaunch";
  const cudaError_t error = submit(stream, std::move(end), launched);
  executable.last = stream.last;
  executable.clock = stream.clock;
  return error;
}

cudaError_t instantiate(const char* api, cudaGraphExec_t* executable, cudaGraph_t graph,
                        unsigned long long flags) {
  if (executable == nullptr || Runtime::get().graphs.find(graph) == nullptr) {
    return fail(cudaErrorInvalidValue);
  }
  constexpr unsigned long long kKnown = cudaGraphInstantiateFlagAutoFreeOnLaunch;
  if ((flags & ~kKnown) != 0) {
    return unsupported(api, "flags " + std::to_string(flags));
  }
  // The header says only that this is an error; which one is unsourced.
  if (graph->instances > 0 && has_memory_nodes(*graph)) return fail(cudaErrorInvalidValue);
  Stalls::get().check(Machine::thread().device, api);  // it may allocate (unsourced)
  *executable = Runtime::get().executables.make();
  (*executable)->graph = graph;
  (*executable)->frees_on_launch = (flags & cudaGraphInstantiateFlagAutoFreeOnLaunch) != 0;
  ++graph->instances;
  for (FlatNode& flat : flatten(*graph)) {
    (*executable)->nodes.push_back({std::move(flat.node), Machine::get().new_actor()});
  }
  return cudaSuccess;
}

// The graph as it is now becomes one node (Programming Guide, "Creating a Graph Using Stream
// Capture": a launch of a graph is captured as a child graph).
cudaError_t capture_launch(const Executable& executable, Stream& stream) {
  if (stream.capture->invalid) return cudaErrorStreamCaptureInvalidated;
  // cudaGraphAddMemAllocNode: such a graph can only be a child that its parent owns. The error is
  // unsourced.
  if (has_memory_nodes(executable)) return invalidate(*stream.capture, cudaErrorInvalidValue);
  auto nodes = std::make_shared<std::vector<GraphNode>>();
  for (const ExecutableNode& each : executable.nodes) nodes->push_back(each.node);
  GraphNode child;
  child.operation.name = "child graph";
  child.operation.type = cudaGraphNodeTypeGraph;
  child.child = std::move(nodes);
  return capture_node(stream, std::move(child));
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamBeginCapture")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (mode < cudaStreamCaptureModeGlobal || mode > cudaStreamCaptureModeRelaxed) {
    return fail(cudaErrorInvalidValue);
  }
  return fail(begin_capture(*found, mode));
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamEndCapture")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (graph == nullptr) return fail(cudaErrorInvalidValue);
  *graph = nullptr;
  CaptureRef ended;
  if (const cudaError_t error = end_capture(*found, &ended)) return fail(error);
  *graph = Runtime::get().graphs.make();
  build_graph(*ended, **graph);
  ended->nodes.clear();  // events may keep the capture for long
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamIsCapturing")) return error;
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (status == nullptr) return fail(cudaErrorInvalidValue);
  return fail(capture_status(*found, status));
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus* status,
                                     unsigned long long* id, cudaGraph_t* graph,
                                     const cudaGraphNode_t** dependencies,
                                     const cudaGraphEdgeData** edges, size_t* count) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamGetCaptureInfo")) return error;
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (status == nullptr) return fail(cudaErrorInvalidValue);
  if (graph != nullptr || dependencies != nullptr || edges != nullptr || count != nullptr) {
    return unsupported("cudaStreamGetCaptureInfo", "the graph and its dependencies");
  }
  if (const cudaError_t error = capture_status(*found, status)) return fail(error);
  if (id != nullptr && found->capture != nullptr) *id = found->capture->id;
  return cudaSuccess;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaThreadExchangeStreamCaptureMode")) return error;
  if (mode == nullptr || *mode < cudaStreamCaptureModeGlobal ||
      *mode > cudaStreamCaptureModeRelaxed) {
    return fail(cudaErrorInvalidValue);
  }
  exchange_capture_mode(mode);
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGraphInstantiate")) return error;
  return instantiate("cudaGraphInstantiate", executable, graph, flags);
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph,
                                          unsigned long long flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGraphInstantiateWithFlags")) return error;
  return instantiate("cudaGraphInstantiateWithFlags", executable, graph, flags);
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGraphGetNodes")) return error;
  if (Runtime::get().graphs.find(graph) == nullptr || count == nullptr) {
    return fail(cudaErrorInvalidValue);
  }
  if (nodes != nullptr) {
    // The header: entries beyond the graph's nodes are set to NULL.
    for (size_t i = 0; i < *count; ++i) {
      nodes[i] = i < graph->nodes.size() ? graph->nodes[i].get() : nullptr;
    }
  }
  *count = nodes == nullptr ? graph->nodes.size() : std::min(*count, graph->nodes.size());
  return cudaSuccess;
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t executable, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo* info) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGraphExecUpdate")) return error;
  Runtime& runtime = Runtime::get();
  if (runtime.executables.find(executable) == nullptr || runtime.graphs.find(graph) == nullptr ||
      info == nullptr) {
    return fail(cudaErrorInvalidValue);
  }
  if (has_memory_nodes(*executable) || has_memory_nodes(*graph)) {
    return unsupported("cudaGraphExecUpdate", "graphs with memory nodes");
  }
  std::vector<FlatNode> flat = flatten(*graph);
  *info = check_update(*executable, *graph, flat);
  if (info->result != cudaGraphExecUpdateSuccess) return fail(cudaErrorGraphExecUpdateFailure);
  for (size_t i = 0; i < flat.size(); ++i) executable->nodes[i].node = std::move(flat[i].node);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGraphLaunch")) return error;
  if (Runtime::get().executables.find(executable) == nullptr) {
    Machine::get().report("handle", "launch of a graph that does not exist");
    return fail(cudaErrorInvalidValue);
  }
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (found->capture != nullptr) return fail(capture_launch(*executable, *found));
  if (const cudaError_t error = check_implicit_capture(*found)) return fail(error);
  return fail(launch(*executable, *found));
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGraphDestroy")) return error;
  if (Runtime::get().graphs.find(graph) == nullptr) return fail(cudaErrorInvalidValue);
  Runtime::get().graphs.destroy(graph);
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGraphExecDestroy")) return error;
  if (Runtime::get().executables.find(executable) == nullptr) return fail(cudaErrorInvalidValue);
  --executable->graph->instances;
  Runtime::get().executables.destroy(executable);
  return cudaSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
