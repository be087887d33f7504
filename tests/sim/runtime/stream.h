#pragma once
#include <driver_types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/operation.h"
#include "tests/sim/core/settings.h"

namespace keen::sim {

// An operation that has been issued and what it waits for.
struct Work {
  Operation operation;
  int device = 0;
  Actor actor = 0;
  Clock clock;  // what happens before it, itself included
  bool done = false;
  int blockers = 0;  // work that must be done first
  std::vector<std::shared_ptr<Work>> dependents;
  std::chrono::steady_clock::time_point finished;
};
using WorkRef = std::shared_ptr<Work>;

struct GraphNode {
  Operation operation;
  int device = 0;
  std::vector<std::size_t> after;
  Address allocates = 0;  // memory that graphs own: see graph_memory.h
  Address frees = 0;
  std::shared_ptr<const std::vector<GraphNode>> child;  // the nodes of a child graph
  bool ends_child = false;                              // stands for the end of one
};

// One step of a capture. A marker stands where a stream joins the capture, so that a fork without
// any work must be joined too.
struct CaptureNode {
  GraphNode node;
  bool marker = false;
};

struct Stream;

struct Capture {
  unsigned long long id = 0;
  Stream* origin = nullptr;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  Actor thread = 0;
  std::vector<CaptureNode> nodes;
  bool invalid = false;
  bool ended = false;
};
using CaptureRef = std::shared_ptr<Capture>;

struct Stream {
  int device = 0;
  Actor actor = 0;
  bool blocking = true;  // synchronises with the legacy default stream
  bool legacy = false;
  bool destroyed = false;  // its work goes on: cuda_runtime_api.h, cudaStreamDestroy
  int priority = 0;
  Clock clock;   // of the last work issued
  WorkRef last;  // nullptr: none yet
  CaptureRef capture;
  std::vector<std::size_t> capture_after;  // what the next node of the capture depends on
};

struct Event {
  int device = 0;
  bool timing = true;
  bool recorded = false;
  WorkRef work;
  Clock clock;
  CaptureRef capture;  // of the last record, where that was captured
  std::vector<std::size_t> capture_after;
};

struct ExecutableNode {
  GraphNode node;
  Actor actor = 0;
};

// Two launches of one executable are ordered (cuda_runtime_api.h: cudaGraphLaunch).
struct Executable {
  std::vector<ExecutableNode> nodes;
  CUgraph_st* graph = nullptr;
  bool frees_on_launch = false;  // cudaGraphInstantiateFlagAutoFreeOnLaunch
  WorkRef last;
  Clock clock;
};

struct Pool {
  int device = 0;
  bool is_default = false;
  std::size_t limit = 0;  // 0: what the device has
  unsigned long long threshold = 0;
  unsigned long long reserved = 0;
  unsigned long long reserved_high = 0;
  unsigned long long used = 0;
  unsigned long long used_high = 0;
  std::array<int, 4> reuse = {0, 1, 1, 1};  // by cudaMemPoolReuse..., all enabled at first
  std::array<cudaMemAccessFlags, kMaxDevices> access = {};
  std::shared_ptr<std::uint32_t> reachable = std::make_shared<std::uint32_t>(0);  // see Allocation
};

}  // namespace keen::sim

// What the handles of driver_types.h point to.
// NOLINTBEGIN(readability-identifier-naming)
struct CUstream_st : keen::sim::Stream {};
struct CUevent_st : keen::sim::Event {};
struct CUgraphNode_st : keen::sim::GraphNode {};
struct CUgraph_st {
  std::vector<std::unique_ptr<CUgraphNode_st>> nodes;
  int instances = 0;  // executable graphs that have not been destroyed
};
struct CUgraphExec_st : keen::sim::Executable {};
struct CUmemPoolHandle_st : keen::sim::Pool {};
// NOLINTEND(readability-identifier-naming)

namespace keen::sim {

// The handles of one kind. What is destroyed keeps its address for good, so that a later use of the
// handle is noticed (on hardware it is undefined behaviour).
template <class T>
class Handles {
 public:
  T* make() {
    T* made = all_.emplace_back(std::make_unique<T>()).get();
    live_.insert(made);
    return made;
  }
  T* find(T* handle) const { return live_.contains(handle) ? handle : nullptr; }
  void destroy(T* handle) {
    live_.erase(handle);
    *handle = T{};
  }
  const std::set<T*>& live() const { return live_; }

 private:
  std::vector<std::unique_ptr<T>> all_;
  std::set<T*> live_;
};

// Everything that runtime/ remembers. Used under the lock of Machine.
struct Runtime {
  static Runtime& get();

  Handles<CUstream_st> streams;
  Handles<CUevent_st> events;
  Handles<CUgraph_st> graphs;
  Handles<CUgraphExec_st> executables;
  Handles<CUmemPoolHandle_st> pools;
  std::array<CUstream_st*, kMaxDevices> legacy = {};
  std::array<CUmemPoolHandle_st*, kMaxDevices> default_pools = {};
  std::map<std::pair<Actor, int>, CUstream_st*> per_thread;
  // cudaDeviceEnablePeerAccess of the first device to the second.
  std::array<std::array<bool, kMaxDevices>, kMaxDevices> peers = {};
  std::vector<CaptureRef> captures;  // those that have not ended
  std::vector<WorkRef> ready;        // work that waits for no other work

 private:
  Runtime();
};

}  // namespace keen::sim
