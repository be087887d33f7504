#include "tests/sim/runtime/graph_nodes.h"

#include <algorithm>
#include <utility>

namespace keen::sim {
namespace {

// What a child graph comes after, its first nodes do; who comes after it, after all of its nodes.
void add_child(const GraphNode& parent, std::size_t origin, std::vector<FlatNode>* flat) {
  const std::size_t base = flat->size();
  GraphNode end;
  end.operation.name = "end of a child graph";
  end.operation.type = cudaGraphNodeTypeGraph;
  end.device = parent.device;
  end.ends_child = true;
  end.after = parent.after;
  for (GraphNode inner : *parent.child) {
    for (std::size_t& before : inner.after) before += base;
    if (inner.after.empty()) inner.after = parent.after;
    end.after.push_back(flat->size());
    flat->push_back({std::move(inner), origin});
  }
  flat->push_back({std::move(end), origin});
}

// What may not change of a node that stays in its place (cuda_runtime_api.h: cudaGraphExecUpdate,
// "Limitations").
cudaGraphExecUpdateResult check_parameters(const GraphNode& old, const GraphNode& given) {
  const cudaGraphNodeType type = given.operation.type;
  if (old.operation.type != type) return cudaGraphExecUpdateErrorNodeTypeChanged;
  if (old.device != given.device) {
    return type == cudaGraphNodeTypeKernel ? cudaGraphExecUpdateErrorUnsupportedFunctionChange
                                           : cudaGraphExecUpdateErrorParametersChanged;
  }
  // Source and destination keep their types of memory, which a copy's name says.
  if (type == cudaGraphNodeTypeMemcpy && old.operation.name != given.operation.name) {
    return cudaGraphExecUpdateErrorParametersChanged;
  }
  return cudaGraphExecUpdateSuccess;
}

}  // namespace

// The markers of a capture are no nodes of the graph: who came after one comes after what it
// came after.
void build_graph(const Capture& capture, CUgraph_st& graph) {
  std::vector<std::vector<std::size_t>> stands_for(capture.nodes.size());
  for (std::size_t i = 0; i < capture.nodes.size(); ++i) {
    const auto& [captured, marker] = capture.nodes[i];
    std::vector<std::size_t> after;
    for (const std::size_t node : captured.after) {
      after.insert(after.end(), stands_for[node].begin(), stands_for[node].end());
    }
    std::ranges::sort(after);
    after.erase(std::unique(after.begin(), after.end()), after.end());
    if (marker) {
      stands_for[i] = std::move(after);
      continue;
    }
    stands_for[i] = {graph.nodes.size()};
    auto& node = *graph.nodes.emplace_back(std::make_unique<CUgraphNode_st>());
    static_cast<GraphNode&>(node) = captured;
    node.after = std::move(after);
  }
}

std::vector<FlatNode> flatten(const CUgraph_st& graph) {
  std::vector<FlatNode> flat;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    GraphNode node = *graph.nodes[i];
    for (std::size_t& before : node.after) before = places[before];
    if (node.child != nullptr) {
      add_child(node, i, &flat);
    } else {
      flat.push_back({std::move(node), i});
    }
    places.push_back(flat.size() - 1);
  }
  return flat;
}

cudaGraphExecUpdateResultInfo check_update(const Executable& executable, const CUgraph_st& graph,
                                           const std::vector<FlatNode>& flat) {
  if (executable.nodes.size() != flat.size()) {
    return {cudaGraphExecUpdateErrorTopologyChanged, nullptr, nullptr};
  }
  for (std::size_t i = 0; i < flat.size(); ++i) {
    const GraphNode& old = executable.nodes[i].node;
    const GraphNode& given = flat[i].node;
    cudaGraphNode_t node = graph.nodes[flat[i].origin].get();
    if (old.after.size() != given.after.size()) {
      return {cudaGraphExecUpdateErrorTopologyChanged, node, nullptr};
    }
    const auto [before, other] = std::ranges::mismatch(given.after, old.after);
    if (before != given.after.end()) {
      return {cudaGraphExecUpdateErrorTopologyChanged, node,
              graph.nodes[flat[*before].origin].get()};
    }
    if (const auto wrong = check_parameters(old, given); wrong != cudaGraphExecUpdateSuccess) {
      return {wrong, node, nullptr};
    }
  }
  return {cudaGraphExecUpdateSuccess, nullptr, nullptr};
}

}  // namespace keen::sim
