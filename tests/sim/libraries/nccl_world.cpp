#include "tests/sim/libraries/nccl_world.h"

#include <algorithm>

#include "tests/sim/core/machine.h"
#include "tests/sim/libraries/library.h"

namespace keen::sim {
namespace {

std::string describe(const CollectiveCall& call) {
  return std::string(call.api) + " of " + std::to_string(call.count) + " elements of type " +
         std::to_string(call.type) + ", operation " + std::to_string(call.op) + ", root " +
         std::to_string(call.root) + (call.captured ? ", captured" : "");
}

bool agree(const CollectiveCall& a, const CollectiveCall& b) {
  return a.kind == b.kind && a.count == b.count && a.type == b.type && a.op == b.op &&
         a.root == b.root && a.captured == b.captured;
}

// Holds a call against the first one that is there.
void compare(const std::shared_ptr<Member>& member, const CollectiveCall& call,
             Collective* collective) {
  const auto first =
      std::ranges::find_if(collective->calls, [](const auto& other) { return other.has_value(); });
  if (first == collective->calls.end() || agree(**first, call)) return;
  const auto rank = first - collective->calls.begin();
  Machine::get().report("nccl", "collective " + std::to_string(member->issued) +
                                    " of a communicator: rank " + std::to_string(rank) + " calls " +
                                    describe(**first) + ", rank " + std::to_string(member->rank) +
                                    " " + describe(call));
  collective->broken = true;
  member->world->async = ncclInvalidUsage;
}

void skip(Operation* operation) {
  operation->ready = [] { return true; };
  operation->body = [](Execution&) {};
}

// One execution of one rank's part: finds the collective that it belongs to.
void issue(const std::shared_ptr<Member>& member, const CollectiveCall& call,
           Operation* operation) {
  ++Machine::get().counters.collectives;
  if (!member->alive) {
    Machine::get().report("nccl", std::string(call.api) + ": the communicator of rank " +
                                      std::to_string(member->rank) + " was destroyed");
    skip(operation);
    return;
  }
  auto& open = member->world->open;
  auto& slot = open[member->issued];
  if (slot == nullptr) slot = std::make_shared<Collective>(member->world->ranks);
  const std::shared_ptr<Collective> collective = slot;
  compare(member, call, collective.get());
  const auto rank = static_cast<std::size_t>(member->rank);
  collective->calls[rank] = call;
  if (++collective->issued == member->world->ranks) open.erase(member->issued);
  ++member->issued;
  member->outstanding[collective] = false;
  operation->ready = [member, collective, rank] {
    const auto own = member->outstanding.find(collective);
    if (collective->broken || own == member->outstanding.end() || own->second) return true;
    collective->reached[rank] = true;
    return std::ranges::all_of(collective->reached, [](bool reached) { return reached; });
  };
  operation->body = [member, collective](Execution&) {
    const auto own = member->outstanding.find(collective);
    const bool left = own != member->outstanding.end() && own->second;
    member->outstanding.erase(collective);
    if (collective->broken || collective->done || left) return;
    collective->done = true;
    run_collective(collective->calls);
  };
}

std::vector<Access> accesses_of(const Member& member, const CollectiveCall& call) {
  const std::size_t bytes = call.count * element_bytes(call.type);
  const std::size_t all = bytes * static_cast<std::size_t>(member.world->ranks);
  const bool is_root = member.rank == call.root;
  const Access read{call.send, call.kind == CollectiveKind::kReduceScatter ? all : bytes,
                    AccessKind::kRead};
  const Access write{call.recv, call.kind == CollectiveKind::kAllGather ? all : bytes,
                     AccessKind::kWrite};
  if (call.kind == CollectiveKind::kBroadcast && !is_root) return {write};
  if (call.kind == CollectiveKind::kReduce && !is_root) return {read};
  return {read, write};
}

// A thread that drives several ranks must group its calls (NCCL, "Group Calls"): the call for the
// first rank may wait for the others, which then never call.
bool breaks_group_rule(const Member& member, const char* api, bool grouped) {
  World& world = *member.world;
  const Actor thread = Machine::thread().actor;
  auto& callers = world.callers[member.called];
  const auto same = std::ranges::find_if(callers, [&](const World::Caller& caller) {
    return !grouped && !caller.grouped && caller.thread == thread && caller.rank != member.rank;
  });
  if (same != callers.end()) {
    Machine::get().report("nccl", std::string(api) + ": one thread calls for rank " +
                                      std::to_string(same->rank) + " and then for rank " +
                                      std::to_string(member.rank) +
                                      " outside ncclGroupStart and ncclGroupEnd");
    return true;
  }
  callers.push_back({member.rank, thread, grouped});
  if (static_cast<int>(callers.size()) == world.ranks) world.callers.erase(member.called);
  return false;
}

}  // namespace

ncclResult_t start_collective(const std::shared_ptr<Member>& member, const CollectiveCall& call,
                              cudaStream_t stream, bool grouped) {
  if (breaks_group_rule(*member, call.api, grouped)) return ncclInvalidUsage;
  ++member->called;
  Operation operation;
  operation.name = std::string(call.api) + " of rank " + std::to_string(member->rank);
  operation.accesses = accesses_of(*member, call);
  // A call that is prepared before enqueue() returns executes now; else it was captured.
  const auto issuing = std::make_shared<bool>(true);
  operation.prepare = [member, call, issuing](Operation& made) {
    CollectiveCall executed = call;
    executed.captured = !*issuing;
    issue(member, executed, &made);
  };
  // NCCL makes the communicator's device current for its launches.
  Machine::Thread& thread = Machine::thread();
  const int current = std::exchange(thread.device, member->device);
  const cudaError_t error = enqueue(stream, std::move(operation));
  thread.device = current;
  *issuing = false;
  return error == cudaSuccess ? ncclSuccess : ncclUnhandledCudaError;
}

}  // namespace keen::sim
