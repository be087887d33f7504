#pragma once
#include <driver_types.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/sim/core/memory.h"

namespace keen::sim {

// One asynchronous operation: what a stream or a node of a graph executes.
struct Operation {
  std::string name;
  std::vector<Access> accesses;  // checked when it runs, before the body
  std::function<void(Execution&)> body;
  bool after_fault = false;  // the body runs even then
  bool library = false;      // counted as a library call where no graph takes it
  long long flops = 0;
  cudaGraphNodeType type = cudaGraphNodeTypeKernel;  // of the node that it becomes in a graph
  View view = Memory::get().regions().view();        // what the program had announced when it asked
  // Set on collectives only. `prepare` is called once per issue (a captured one: once per launch of
  // the graph) on a copy of the operation, in issue order, and may set `ready` and `body`.
  std::function<void(Operation&)> prepare;
  std::function<bool()> ready;
};

// ---- What runtime/ offers to launches and libraries. All of it under the lock. -----------------

// The operation joins the end of the stream (0 and cudaStreamLegacy: the legacy default stream of
// the current device), or of its capture. It runs later, in an order that the seed chooses.
cudaError_t enqueue(cudaStream_t stream, Operation operation);

// The device that the stream belongs to; -1: there is no such stream.
int stream_device(cudaStream_t stream);

// Runs work until `done`; false: nothing can make it so any more, which has then been reported and
// poisons the process with cudaErrorLaunchTimeout.
bool run_until(const std::function<bool()>& done);

// ---- The beginning of every entry of an API ----------------------------------------------------

// Counts the call, and gives the failure that a test has injected for it; 0: go on. For the
// runtime's own entries the sticky error comes before that.
int enter(const char* api);

// Sets the thread's last error where `error` is one, and returns it.
cudaError_t fail(cudaError_t error);

}  // namespace keen::sim
