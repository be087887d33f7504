#include "tests/sim/libraries/nccl_world.h"

#include <algorithm>
#include <array>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/libraries/library.h"

namespace keen::sim {
namespace {

Lane lane_of(const Member& member, const CollectiveCall& call) {
  if (!call.is_transfer()) return {};
  return call.sends ? Lane{member.rank, call.peer} : Lane{call.peer, member.rank};
}

std::size_t slot_of(const Member& member, const CollectiveCall& call) {
  if (!call.is_transfer()) return static_cast<std::size_t>(member.rank);
  return call.sends ? 0 : 1;
}

std::size_t slots_of(const Member& member, const CollectiveCall& call) {
  return call.is_transfer() ? 2 : static_cast<std::size_t>(member.world->ranks);
}

std::string describe(const CollectiveCall& call) {
  std::string text = std::string(call.api) + " of " + std::to_string(call.count) +
                     " elements of type " + std::to_string(call.type);
  if (!call.is_transfer()) {
    text += ", operation " + std::to_string(call.op) + ", root " + std::to_string(call.root);
  }
  return text + (call.captured ? ", captured" : "");
}

bool agree(const CollectiveCall& a, const CollectiveCall& b) {
  return a.kind == b.kind && a.count == b.count && a.type == b.type && a.op == b.op &&
         a.root == b.root && a.captured == b.captured;
}

std::string name_of(const Lane& lane, long number) {
  const std::string text = std::to_string(number);
  if (lane == Lane{}) return "collective " + text + " of a communicator";
  return "transfer " + text + " from rank " + std::to_string(lane.from) + " to rank " +
         std::to_string(lane.to);
}

// Holds a call against the first one that is there (NCCL, "Collective Operations":
// every rank calls with the same count and type; else "undefined behavior, including hangs").
// ncclInvalidUsage in its place, and that a captured call meets captured ones, are unsourced.
void compare(const Member& member, const CollectiveCall& call, const std::string& name,
             Collective* collective) {
  const auto first =
      std::ranges::find_if(collective->calls, [](const auto& other) { return other.has_value(); });
  if (first == collective->calls.end() || agree(**first, call)) return;
  const long rank = call.is_transfer() ? call.peer : first - collective->calls.begin();
  Machine::get().report("nccl", name + ": rank " + std::to_string(rank) + " calls " +
                                    describe(**first) + ", rank " + std::to_string(member.rank) +
                                    " " + describe(call));
  collective->broken = true;
  member.world->async = ncclInvalidUsage;
}

// Operations of several communicators must be submitted in the same order on all devices (NCCL,
// "Using multiple NCCL communicators concurrently"): each may wait for one that waits behind it.
void compare_order(const Member& member, const std::shared_ptr<Collective>& collective) {
  static std::vector<std::shared_ptr<Collective>> under_way;
  static std::array<long, kMaxDevices> issued = {};
  std::erase_if(under_way, [](const auto& other) { return other->done || other->broken; });
  for (const auto& other : under_way) {
    if (other->world == collective->world || !other->orders.contains(member.device)) continue;
    for (const auto& [device, order] : collective->orders) {
      if (device == member.device) continue;  // the other end of what it sends to itself
      const auto found = other->orders.find(device);
      if (found == other->orders.end() || found->second < order) continue;
      Machine::get().report("nccl",
                            "device " + std::to_string(member.device) +
                                " comes to two communicators in another order than device " +
                                std::to_string(device));
    }
  }
  collective->orders[member.device] = ++issued[static_cast<std::size_t>(member.device)];
  if (std::ranges::find(under_way, collective) == under_way.end()) under_way.push_back(collective);
}

// One execution of one call: finds the collective that it belongs to, and its place there.
std::shared_ptr<Part> join(const std::shared_ptr<Member>& member, const CollectiveCall& call) {
  const Lane lane = lane_of(*member, call);
  const std::size_t slot = slot_of(*member, call);
  const long number = member->issued[{lane, slot}]++;
  auto& open = member->world->open;
  auto& found = open[{lane, number}];
  if (found == nullptr) {
    found = std::make_shared<Collective>(member->world.get(), slots_of(*member, call));
  }
  const std::shared_ptr<Collective> collective = found;
  compare(*member, call, name_of(lane, number), collective.get());
  compare_order(*member, collective);
  collective->calls[slot] = call;
  if (++collective->issued == collective->calls.size()) {
    open.erase({lane, number});
    Stalls::get().remove(collective.get());
  } else {
    Stalls::get().add(collective.get(), member->device,
                      std::string(call.api) + " of rank " + std::to_string(member->rank));
  }
  auto part = std::make_shared<Part>(Part{collective, slot});
  member->outstanding.insert(part);
  return part;
}

// Comes to all the places at once, and waits there; whether all that is needed has come as well.
bool are_ready(const std::vector<std::shared_ptr<Part>>& parts) {
  for (const auto& part : parts) part->collective->reached[part->slot] = !part->left;
  return std::ranges::all_of(parts, [](const auto& part) {
    const auto& reached = part->collective->reached;
    return part->collective->broken || part->left ||
           std::ranges::all_of(reached, [](bool came) { return came; });
  });
}

void end(Member* member, const std::shared_ptr<Part>& part) {
  Collective& collective = *part->collective;
  member->outstanding.erase(part);
  if (collective.broken || collective.done || part->left) return;
  collective.done = true;
  run_collective(collective.calls);
}

void issue(const std::shared_ptr<Member>& member, const std::vector<CollectiveCall>& calls,
           bool captured, Operation* operation) {
  operation->ready = [] { return true; };
  operation->body = [](Execution&) {};
  if (!member->alive) {  // a graph outlives its communicator: unsourced
    Machine::get().report("nccl", operation->name + ": the communicator was destroyed");
    return;
  }
  std::vector<std::shared_ptr<Part>> parts;
  for (CollectiveCall call : calls) {
    ++Machine::get().counters.collectives;
    call.captured = captured;
    parts.push_back(join(member, call));
  }
  operation->ready = [parts] { return are_ready(parts); };
  operation->body = [member, parts](Execution&) {
    for (const auto& part : parts) end(member.get(), part);
  };
}

void add_accesses(const Member& member, const CollectiveCall& call, std::vector<Access>* accesses) {
  const std::size_t bytes = call.count * element_bytes(call.type);
  const std::size_t all = bytes * static_cast<std::size_t>(member.world->ranks);
  const bool is_root = member.rank == call.root;
  const bool sends =
      call.is_transfer() ? call.sends : call.kind != CollectiveKind::kBroadcast || is_root;
  const bool receives =
      call.is_transfer() ? !call.sends : call.kind != CollectiveKind::kReduce || is_root;
  if (sends) {
    const bool scatters = call.kind == CollectiveKind::kReduceScatter;
    accesses->push_back({call.send, scatters ? all : bytes, AccessKind::kRead});
  }
  if (receives) {
    const bool gathers = call.kind == CollectiveKind::kAllGather;
    accesses->push_back({call.recv, gathers ? all : bytes, AccessKind::kWrite});
  }
}

// A thread that drives several ranks must group its calls (NCCL, "Group Calls"): the call for the
// first rank may wait for the others, which then never call.
bool breaks_group_rule(const Member& member, const CollectiveCall& call, long number,
                       bool grouped) {
  World& world = *member.world;
  const Actor thread = Machine::thread().actor;
  const std::pair key{lane_of(member, call), number};
  auto& callers = world.callers[key];
  const auto same = std::ranges::find_if(callers, [&](const World::Caller& caller) {
    return !grouped && !caller.grouped && caller.thread == thread && caller.rank != member.rank;
  });
  if (same != callers.end()) {
    Machine::get().report("nccl", std::string(call.api) + ": one thread calls for rank " +
                                      std::to_string(same->rank) + " and then for rank " +
                                      std::to_string(member.rank) +
                                      " outside ncclGroupStart and ncclGroupEnd");
    return true;
  }
  callers.push_back({member.rank, thread, grouped});
  if (callers.size() == slots_of(member, call)) world.callers.erase(key);
  return false;
}

std::string name_of(const Member& member, const std::vector<CollectiveCall>& calls) {
  std::string names;
  for (const CollectiveCall& call : calls)
    names += (names.empty() ? "" : " + ") + std::string(call.api);
  return names + " of rank " + std::to_string(member.rank);
}

}  // namespace

ncclResult_t start_calls(const std::shared_ptr<Member>& member,
                         const std::vector<CollectiveCall>& calls, cudaStream_t stream,
                         bool grouped) {
  Operation operation;
  operation.name = name_of(*member, calls);
  for (const CollectiveCall& call : calls) {
    long& number = member->called[{lane_of(*member, call), slot_of(*member, call)}];
    if (breaks_group_rule(*member, call, number, grouped)) return ncclInvalidUsage;
    ++number;
    add_accesses(*member, call, &operation.accesses);
  }
  // A call that is prepared before enqueue() returns executes now; else it was captured.
  const auto issuing = std::make_shared<bool>(true);
  operation.prepare = [member, calls, issuing](Operation& made) {
    issue(member, calls, !*issuing, &made);
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
