#include <algorithm>
#include <cstdio>
#include <set>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/libraries/library.h"
#include "tests/sim/libraries/nccl_group.h"

namespace keen::sim {

Group& Group::of_thread() {
  thread_local Group group;
  return group;
}

ncclResult_t Group::note(ncclResult_t result) {
  if (depth > 0 && error == ncclSuccess) error = result;
  return result;
}

ncclResult_t wait_for_ranks(const World& world) {
  const bool came =
      run_until([&] { return world.joined == world.ranks || world.failure != ncclSuccess; });
  return came ? world.failure : ncclUnhandledCudaError;
}

namespace {

// By the text of the unique id. A world has no ranks until the first one names their number.
std::map<std::string, std::shared_ptr<World>>& worlds() {
  static auto* all = new std::map<std::string, std::shared_ptr<World>>;
  return *all;
}

// NCCL, "ncclCommInitRank": ranks are "between 0 and nranks-1" and unique, their number the same
// for all. The codes here and below are unsourced where nothing is said.
ncclResult_t refuse(World* world, const std::string& text) {
  if (!text.empty()) Machine::get().report("nccl", "ncclCommInitRank: " + text);
  world->failure = ncclInvalidUsage;
  return ncclInvalidUsage;
}

// Takes the place of `rank` for the current device.
ncclResult_t join_world(const std::shared_ptr<World>& world, int ranks, int rank, int device) {
  if (world->ranks == 0) world->resize(ranks);
  const std::string who = "rank " + std::to_string(rank);
  if (world->ranks != ranks) {
    return refuse(world.get(), who + " says " + std::to_string(ranks) + " ranks, another " +
                                   std::to_string(world->ranks));
  }
  int& place = world->devices[static_cast<std::size_t>(rank)];
  if (place != -1) return refuse(world.get(), who + " joins twice");
  // NCCL detects this itself: "Duplicate GPU detected".
  if (std::ranges::find(world->devices, device) != world->devices.end()) {
    return refuse(world.get(), "");
  }
  place = device;
  ++world->joined;
  return ncclSuccess;
}

ncclComm_t make_member(const std::shared_ptr<World>& world, int rank, int device) {
  auto member = std::make_shared<Member>();
  member->world = world;
  member->rank = rank;
  member->device = device;
  return registry<ncclComm>().make(std::move(member));
}

ncclResult_t init_rank(ncclComm_t* comm, int ranks, const ncclUniqueId& id, int rank) {
  if (const int e = enter("ncclCommInitRank")) return static_cast<ncclResult_t>(e);
  if (Machine::get().sticky() != cudaSuccess) return ncclUnhandledCudaError;
  if (!capture_permits("ncclCommInitRank")) return ncclUnhandledCudaError;
  if (comm == nullptr || ranks < 1 || rank < 0 || rank >= ranks) return ncclInvalidArgument;
  const auto found = worlds().find({id.internal, strnlen(id.internal, sizeof id.internal)});
  if (found == worlds().end()) {
    Machine::get().report("nccl", "ncclCommInitRank: the id is not one of ncclGetUniqueId");
    return ncclInvalidArgument;
  }
  const std::shared_ptr<World> world = found->second;
  const int device = Machine::thread().device;
  if (const auto result = join_world(world, ranks, rank, device)) return result;
  Group& group = Group::of_thread();
  if (group.depth > 0) {
    group.initialised.push_back(world);
    *comm = make_member(world, rank, device);
    return ncclSuccess;
  }
  if (const auto result = wait_for_ranks(*world)) return result;
  *comm = make_member(world, rank, device);
  return ncclSuccess;
}

ncclResult_t init_all(ncclComm_t* comms, int count, const int* list) {
  if (const int e = enter("ncclCommInitAll")) return static_cast<ncclResult_t>(e);
  if (Machine::get().sticky() != cudaSuccess) return ncclUnhandledCudaError;
  if (!capture_permits("ncclCommInitAll")) return ncclUnhandledCudaError;
  if (comms == nullptr || count < 1) return ncclInvalidArgument;
  std::set<int> devices;
  for (int rank = 0; rank < count; ++rank) {
    const int device = list == nullptr ? rank : list[rank];
    if (!is_device(device)) return ncclInvalidArgument;
    if (!devices.insert(device).second) return ncclInvalidUsage;
  }
  const auto world = std::make_shared<World>(count);
  for (int rank = 0; rank < count; ++rank) {
    const int device = list == nullptr ? rank : list[rank];
    join_world(world, count, rank, device);
    comms[rank] = make_member(world, rank, device);
  }
  return ncclSuccess;
}

bool is_live(ncclComm_t comm) { return registry<ncclComm>().has(comm); }

ncclResult_t finish(const char* api, ncclComm_t comm, bool destroy) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<ncclResult_t>(e);
  if (!is_live(comm)) return ncclInvalidArgument;
  const std::shared_ptr<Member> member = comm->member;
  if (!run_until([&] { return member->outstanding.empty(); })) return ncclUnhandledCudaError;
  if (destroy) {
    member->alive = false;
    registry<ncclComm>().destroy(comm);
  }
  return ncclSuccess;
}

template <class Value>
ncclResult_t tell(const char* api, ncclComm_t comm, Value* to, Value (*read)(const Member&)) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<ncclResult_t>(e);
  if (!is_live(comm) || to == nullptr) return ncclInvalidArgument;
  *to = read(*comm->member);
  return ncclSuccess;
}

ncclResult_t run_group(Group* group) {
  const Group ended = std::exchange(*group, Group{});
  if (ended.error != ncclSuccess) return ended.error;
  for (const auto& world : ended.initialised) {
    if (const auto result = wait_for_ranks(*world)) return result;
  }
  // Transfers of one group make progress together (NCCL, "Point-to-point communication"): they are
  // one piece of work on their stream.
  struct Transfers {
    std::shared_ptr<Member> member;
    cudaStream_t stream;
    std::vector<CollectiveCall> calls;
  };
  std::vector<Transfers> transfers;
  for (const Group::Call& made : ended.calls) {
    if (!made.call.is_transfer()) {
      const auto result = start_calls(made.member, {made.call}, made.stream, true);
      if (result != ncclSuccess) return result;
      continue;
    }
    auto found = std::ranges::find_if(transfers, [&](const Transfers& other) {
      return other.member == made.member && other.stream == made.stream;
    });
    if (found == transfers.end()) found = transfers.insert(found, {made.member, made.stream, {}});
    found->calls.push_back(made.call);
  }
  for (const Transfers& together : transfers) {
    const auto result = start_calls(together.member, together.calls, together.stream, true);
    if (result != ncclSuccess) return result;
  }
  return ncclSuccess;
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  const Guard guard(Machine::get());
  if (const int e = enter("ncclGetVersion")) return static_cast<ncclResult_t>(e);
  if (version == nullptr) return ncclInvalidArgument;
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* uniqueId) {
  const Guard guard(Machine::get());
  if (const int e = enter("ncclGetUniqueId")) return static_cast<ncclResult_t>(e);
  if (uniqueId == nullptr) return ncclInvalidArgument;
  static int made = 0;
  *uniqueId = {};
  std::snprintf(uniqueId->internal, sizeof uniqueId->internal, "cudasim-%d", ++made);
  worlds()[uniqueId->internal] = std::make_shared<World>(0);
  return ncclSuccess;
}

ncclResult_t ncclCommInitRank(ncclComm_t* comm, int nranks, ncclUniqueId commId, int rank) {
  const Guard guard(Machine::get());
  return Group::of_thread().note(init_rank(comm, nranks, commId, rank));
}

ncclResult_t ncclCommInitAll(ncclComm_t* comm, int ndev, const int* devlist) {
  const Guard guard(Machine::get());
  return Group::of_thread().note(init_all(comm, ndev, devlist));
}

ncclResult_t ncclCommFinalize(ncclComm_t comm) { return finish("ncclCommFinalize", comm, false); }

ncclResult_t ncclCommDestroy(ncclComm_t comm) { return finish("ncclCommDestroy", comm, true); }

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  const Guard guard(Machine::get());
  if (const int e = enter("ncclCommAbort")) return static_cast<ncclResult_t>(e);
  if (!is_live(comm)) return ncclInvalidArgument;
  // Its own kernels end; those of the other ranks go on waiting until their ranks abort as well.
  for (const auto& part : comm->member->outstanding) {
    part->left = true;
    part->collective->reached[part->slot] = false;
    Stalls::get().remove(part->collective.get(), comm->member->device);
  }
  comm->member->alive = false;
  registry<ncclComm>().destroy(comm);
  return ncclSuccess;
}

ncclResult_t ncclCommCount(ncclComm_t comm, int* count) {
  return tell<int>("ncclCommCount", comm, count,
                   [](const Member& member) { return member.world->ranks; });
}

ncclResult_t ncclCommUserRank(ncclComm_t comm, int* rank) {
  return tell<int>("ncclCommUserRank", comm, rank,
                   [](const Member& member) { return member.rank; });
}

ncclResult_t ncclCommCuDevice(ncclComm_t comm, int* device) {
  return tell<int>("ncclCommCuDevice", comm, device,
                   [](const Member& member) { return member.device; });
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* asyncError) {
  return tell<ncclResult_t>("ncclCommGetAsyncError", comm, asyncError,
                            [](const Member& member) { return member.world->async; });
}

ncclResult_t ncclGroupStart() {
  const Guard guard(Machine::get());
  if (const int e = enter("ncclGroupStart")) return static_cast<ncclResult_t>(e);
  ++Group::of_thread().depth;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  const Guard guard(Machine::get());
  if (const int e = enter("ncclGroupEnd")) return static_cast<ncclResult_t>(e);
  Group& group = Group::of_thread();
  if (group.depth == 0) return ncclInvalidUsage;
  return --group.depth > 0 ? ncclSuccess : run_group(&group);
}

const char* ncclGetLastError(ncclComm_t /*comm*/) { return ""; }

// Texts: NCCL's init.cc, "ncclGetErrorString".
const char* ncclGetErrorString(ncclResult_t result) {
  switch (result) {
    case ncclSuccess:
      return "no error";
    case ncclUnhandledCudaError:
      return "unhandled cuda error (run with NCCL_DEBUG=INFO for details)";
    case ncclSystemError:
      return "unhandled system error (run with NCCL_DEBUG=INFO for details)";
    case ncclInternalError:
      return "internal error - please report this issue to the NCCL developers";
    case ncclInvalidArgument:
      return "invalid argument (run with NCCL_DEBUG=WARN for details)";
    case ncclInvalidUsage:
      return "invalid usage (run with NCCL_DEBUG=WARN for details)";
    case ncclRemoteError:
      return "remote process exited or there was a network error";
    case ncclInProgress:
      return "NCCL operation in progress";
    default:
      return "unknown result code";
  }
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
