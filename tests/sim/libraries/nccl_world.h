#pragma once
#include <nccl.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/core/clock.h"
#include "tests/sim/core/operation.h"
#include "tests/sim/core/stalls.h"

namespace keen::sim {

enum class CollectiveKind {
  kAllReduce,
  kBroadcast,
  kReduce,
  kAllGather,
  kReduceScatter,
  kTransfer
};

// One rank's call.
struct CollectiveCall {
  const char* api;
  CollectiveKind kind;
  const void* send = nullptr;
  void* recv = nullptr;
  std::size_t count = 0;
  ncclDataType_t type = ncclFloat;
  ncclRedOp_t op = ncclSum;
  int root = 0;
  int peer = -1;       // of a transfer
  bool sends = false;  // of a transfer; else it receives
  bool captured = false;

  bool is_transfer() const { return kind == CollectiveKind::kTransfer; }
};

// Calls of one lane are numbered on their own: all collectives of a communicator are one, and all
// transfers from one rank to another.
struct Lane {
  int from = -1, to = -1;

  bool operator==(const Lane&) const = default;
  bool operator<(const Lane& other) const {
    return from != other.from ? from < other.from : to < other.to;
  }
};

struct World;

// What ranks do together: the n-th calls of one lane, of a collective by rank, of a transfer by
// the sender and the receiver.
struct Collective {
  Collective(const World* owner, std::size_t slots) : world(owner), calls(slots), reached(slots) {}
  ~Collective() { Stalls::get().remove(this); }
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;

  const World* world;
  std::vector<std::optional<CollectiveCall>> calls;
  std::vector<bool> reached;  // whether the rank's stream has come to it
  std::size_t issued = 0;
  bool broken = false;  // the ranks disagree, or one has left: nothing is computed
  bool done = false;
  std::map<int, long> orders;  // by device: its place among all that was issued there
};

// A place in a collective: of one rank, or of the sender or the receiver.
struct Part {
  std::shared_ptr<Collective> collective;
  std::size_t slot;
  bool left = false;  // its rank has aborted
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
  // Not yet issued by all ranks.
  std::map<std::pair<Lane, long>, std::shared_ptr<Collective>> open;
  // Who has called so far for the n-th of a lane, outside a group.
  struct Caller {
    int rank;
    Actor thread;
    bool grouped;
  };
  std::map<std::pair<Lane, long>, std::vector<Caller>> callers;
};

// One rank.
struct Member {
  std::shared_ptr<World> world;
  int rank = 0;
  int device = 0;
  // By lane and slot: a rank may send to itself.
  std::map<std::pair<Lane, std::size_t>, long> called;  // calls of the API
  std::map<std::pair<Lane, std::size_t>, long> issued;  // executions: each launch of a graph counts
  bool alive = true;
  std::set<std::shared_ptr<Part>> outstanding;
};

// 0: the stand-in does not have the type.
std::size_t element_bytes(ncclDataType_t type);

// Computes what all ranks of a collective get. All of its calls are there.
void run_collective(const std::vector<std::optional<CollectiveCall>>& calls);

// Enqueues one rank's part: a collective, or the transfers of one group that make progress
// together. `grouped`: called between ncclGroupStart and ncclGroupEnd.
ncclResult_t start_calls(const std::shared_ptr<Member>& member,
                         const std::vector<CollectiveCall>& calls, cudaStream_t stream,
                         bool grouped);

}  // namespace keen::sim

// The communicator that <nccl.h> declares.
struct ncclComm {  // NOLINT(readability-identifier-naming)
  std::shared_ptr<keen::sim::Member> member;
};
