#include <array>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/libraries/library.h"
#include "tests/sim/libraries/nccl_group.h"

namespace keen::sim {
namespace {

bool is_operation(const CollectiveCall& call) { return call.op >= ncclSum && call.op <= ncclAvg; }

bool operands_lie_on_device(const Member& member, const CollectiveCall& call) {
  if (call.count == 0) return true;
  if (call.is_transfer()) {
    return device_operand(call.api, call.sends ? "sendbuff" : "recvbuff",
                          call.sends ? call.send : call.recv, element_bytes(call.type));
  }
  const std::size_t alignment = element_bytes(call.type);
  const bool is_root = member.rank == call.root;
  const bool sends = call.kind != CollectiveKind::kBroadcast || is_root;
  const bool receives = call.kind != CollectiveKind::kReduce || is_root;
  return (!sends || device_operand(call.api, "sendbuff", call.send, alignment)) &&
         (!receives || device_operand(call.api, "recvbuff", call.recv, alignment));
}

ncclResult_t check(ncclComm_t comm, const CollectiveCall& call, cudaStream_t stream) {
  if (const int e = enter(call.api)) return static_cast<ncclResult_t>(e);
  if (!registry<ncclComm>().has(comm)) return ncclInvalidArgument;
  if (Machine::get().sticky() != cudaSuccess) return ncclUnhandledCudaError;
  const Member& member = *comm->member;
  if (element_bytes(call.type) == 0) {
    report_unsupported(call.api, "data type " + std::to_string(call.type));
    return ncclInvalidArgument;
  }
  if (!is_operation(call)) {
    report_unsupported(call.api, "operation " + std::to_string(call.op));
    return ncclInvalidArgument;
  }
  const int other = call.is_transfer() ? call.peer : call.root;
  if (other < 0 || other >= member.world->ranks) return ncclInvalidArgument;
  if (!stream_of_device(call.api, member.device, stream) || !operands_lie_on_device(member, call)) {
    return ncclInvalidArgument;
  }
  return ncclSuccess;
}

// NCCL, "Thread Safety": neither one communicator nor several on one device may be used by threads
// in parallel.
void check_thread(const char* api, const Member& member) {
  static std::array<LastCall, kMaxDevices> last_calls;
  if (comes_after(&last_calls[static_cast<std::size_t>(member.device)])) return;
  Machine::get().report("nccl", std::string(api) + ": two threads call at once for device " +
                                    std::to_string(member.device));
}

ncclResult_t collective(ncclComm_t comm, const CollectiveCall& call, cudaStream_t stream) {
  const Guard guard(Machine::get());
  Group& group = Group::of_thread();
  if (const auto result = check(comm, call, stream)) return group.note(result);
  const std::shared_ptr<Member> member = comm->member;
  check_thread(call.api, *member);
  if (group.depth == 0) return start_calls(member, {call}, stream, false);
  group.calls.push_back({member, call, stream});
  return ncclSuccess;
}

}  // namespace
}  // namespace keen::sim

using keen::sim::collective;
using keen::sim::CollectiveKind;

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

ncclResult_t ncclAllReduce(const void* sendbuff, void* recvbuff, size_t count,
                           ncclDataType_t datatype, ncclRedOp_t op, ncclComm_t comm,
                           cudaStream_t stream) {
  return collective(
      comm, {"ncclAllReduce", CollectiveKind::kAllReduce, sendbuff, recvbuff, count, datatype, op},
      stream);
}

ncclResult_t ncclBroadcast(const void* sendbuff, void* recvbuff, size_t count,
                           ncclDataType_t datatype, int root, ncclComm_t comm,
                           cudaStream_t stream) {
  return collective(comm,
                    {"ncclBroadcast", CollectiveKind::kBroadcast, sendbuff, recvbuff, count,
                     datatype, ncclSum, root},
                    stream);
}

ncclResult_t ncclBcast(void* buff, size_t count, ncclDataType_t datatype, int root, ncclComm_t comm,
                       cudaStream_t stream) {
  return collective(
      comm, {"ncclBcast", CollectiveKind::kBroadcast, buff, buff, count, datatype, ncclSum, root},
      stream);
}

ncclResult_t ncclReduce(const void* sendbuff, void* recvbuff, size_t count, ncclDataType_t datatype,
                        ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream) {
  return collective(
      comm, {"ncclReduce", CollectiveKind::kReduce, sendbuff, recvbuff, count, datatype, op, root},
      stream);
}

ncclResult_t ncclAllGather(const void* sendbuff, void* recvbuff, size_t sendcount,
                           ncclDataType_t datatype, ncclComm_t comm, cudaStream_t stream) {
  return collective(
      comm, {"ncclAllGather", CollectiveKind::kAllGather, sendbuff, recvbuff, sendcount, datatype},
      stream);
}

ncclResult_t ncclReduceScatter(const void* sendbuff, void* recvbuff, size_t recvcount,
                               ncclDataType_t datatype, ncclRedOp_t op, ncclComm_t comm,
                               cudaStream_t stream) {
  return collective(comm,
                    {"ncclReduceScatter", CollectiveKind::kReduceScatter, sendbuff, recvbuff,
                     recvcount, datatype, op},
                    stream);
}

ncclResult_t ncclSend(const void* sendbuff, size_t count, ncclDataType_t datatype, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  return collective(comm,
                    {.api = "ncclSend",
                     .kind = CollectiveKind::kTransfer,
                     .send = sendbuff,
                     .count = count,
                     .type = datatype,
                     .peer = peer,
                     .sends = true},
                    stream);
}

ncclResult_t ncclRecv(void* recvbuff, size_t count, ncclDataType_t datatype, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  return collective(comm,
                    {.api = "ncclRecv",
                     .kind = CollectiveKind::kTransfer,
                     .recv = recvbuff,
                     .count = count,
                     .type = datatype,
                     .peer = peer},
                    stream);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
