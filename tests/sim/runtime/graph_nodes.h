#pragma once
#include <cstddef>
#include <vector>

#include "tests/sim/runtime/stream.h"

namespace keen::sim {

void build_graph(const Capture& capture, CUgraph_st& graph);

// The nodes of a graph, those of its child graphs in their places, each with the node of the graph
// that it came from.
struct FlatNode {
  GraphNode node;
  std::size_t origin = 0;
};
std::vector<FlatNode> flatten(const CUgraph_st& graph);

// What cudaGraphExecUpdate would do: the reason why it may not, with the nodes that the header
// wants named.
cudaGraphExecUpdateResultInfo check_update(const Executable& executable, const CUgraph_st& graph,
                                           const std::vector<FlatNode>& flat);

}  // namespace keen::sim
