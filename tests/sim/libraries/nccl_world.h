#pragma once
#include <nccl.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/core/clock.h"
#include "tests/sim/core/operation.h"

namespace keen::sim {

enum class CollectiveKind { kAllReduce, kBroadcast, kReduce, kAllGather, kReduceScatter };

// One rank's call.
struct CollectiveCall {
  const char* api;
  CollectiveKind kind;
  const void* send;
  void* recv;
  std::size_t count;
  ncclDataType_t type;
  ncclRedOp_t op = ncclSum;
  int root = 0;
  bool captured = false;
};

// What the ranks do together: their n-th calls on one communicator.
struct Collective {
  explicit Collective(int ranks)
      : calls(static_cast<std::size_t>(ranks)), reached(static_cast<std::size_t>(ranks)) {}

  std::vector<std::optional<CollectiveCall>> calls;  // by rank
  std::vector<bool> reached;                         // whether the rank's stream has come to it
  int issued = 0;
  bool broken = false;  // the ranks disagree, or one has left: nothing is computed
  bool done = false;
};

// The ranks of one communicator.
struct World {
  explicit World(int count) { resize(count); }
  void resize(int count) {
    ranks = count;
    devices.assign(static_cast<std::size_t>(count), -1);
  }

  int ranks = 0;
  int joined = 0;
  std::vector<int> devices;            // by rank; -1: not there yet
  ncclResult_t failure = ncclSuccess;  // of the initialisation
  ncclResult_t async = ncclSuccess;
  std::map<long, std::shared_ptr<Collective>> open;  // not yet issued by all ranks
  // Who has called for the n-th collective so far, outside a group.
  struct Caller {
    int rank;
    Actor thread;
    bool grouped;
  };
  std::map<long, std::vector<Caller>> callers;
};

// One rank.
struct Member {
  std::shared_ptr<World> world;
  int rank = 0;
  int device = 0;
  long called = 0;  // calls of the API
  long issued = 0;  // executions, so that each launch of a graph counts
  bool alive = true;
  std::map<std::shared_ptr<Collective>, bool> outstanding;  // true: this rank has left it
};

// 0: the stand-in does not have the type.
std::size_t element_bytes(ncclDataType_t type);

// Computes what all ranks of a collective get. All of its calls are there.
void run_collective(const std::vector<std::optional<CollectiveCall>>& calls);

// Enqueues one rank's part. `grouped`: called between ncclGroupStart and ncclGroupEnd.
ncclResult_t start_collective(const std::shared_ptr<Member>& member, const CollectiveCall& call,
                              cudaStream_t stream, bool grouped);

}  // namespace keen::sim

// The communicator that <nccl.h> declares.
struct ncclComm {  // NOLINT(readability-identifier-naming)
  std::shared_ptr<keen::sim::Member> member;
};
