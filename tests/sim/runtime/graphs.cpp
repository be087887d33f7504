// Captures and graphs: cuda_runtime_api.h, "Stream Management" and "Graph Management".
#include <cuda_runtime_api.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

// The markers of a capture are no nodes of the graph: who came after one comes after what it
// came after.
void build_graph(const Capture& capture, CUgraph_st& graph) {
  std::vector<std::vector<std::size_t>> stands_for(capture.nodes.size());
  for (std::size_t i = 0; i < capture.nodes.size(); ++i) {
    const CaptureNode& captured = capture.nodes[i];
    std::vector<std::size_t> after;
    for (const std::size_t node : captured.after) {
      after.insert(after.end(), stands_for[node].begin(), stands_for[node].end());
    }
    std::ranges::sort(after);
    after.erase(std::unique(after.begin(), after.end()), after.end());
    if (captured.marker) {
      stands_for[i] = std::move(after);
      continue;
    }
    stands_for[i] = {graph.nodes.size()};
    auto& node = *graph.nodes.emplace_back(std::make_unique<CUgraphNode_st>());
    node.operation = captured.operation;
    node.device = captured.device;
    node.after = std::move(after);
  }
}

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
  ++counters.graph_launches;
  counters.graph_nodes += static_cast<long>(executable.nodes.size());
  stream.clock.join(executable.clock);
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
  // There are no memory nodes here, so that freeing them on launch is nothing to do.
  constexpr unsigned long long kKnown = cudaGraphInstantiateFlagAutoFreeOnLaunch;
  if ((flags & ~kKnown) != 0) {
    return unsupported(api, "flags " + std::to_string(flags));
  }
  *executable = Runtime::get().executables.make();
  for (const auto& node : graph->nodes) {
    (*executable)->nodes.push_back({*node, Machine::get().new_actor()});
  }
  return cudaSuccess;
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
  *info = {cudaGraphExecUpdateErrorTopologyChanged, nullptr, nullptr};
  if (executable->nodes.size() != graph->nodes.size()) return fail(cudaErrorGraphExecUpdateFailure);
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    const GraphNode& own = executable->nodes[i].node;
    if (own.after == graph->nodes[i]->after && own.device == graph->nodes[i]->device) continue;
    info->errorNode = graph->nodes[i].get();
    return fail(cudaErrorGraphExecUpdateFailure);
  }
  for (size_t i = 0; i < graph->nodes.size(); ++i) executable->nodes[i].node = *graph->nodes[i];
  info->result = cudaGraphExecUpdateSuccess;
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
  if (found->capture != nullptr) {
    found->capture->invalid = true;
    return unsupported("cudaGraphLaunch", "a stream that is capturing (child graphs)");
  }
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
  Runtime::get().executables.destroy(executable);
  return cudaSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
