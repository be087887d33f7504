// Communicators that do not come about, or are gone; planted and repaired: never a hang.
// usage: program CASE
#include <nccl.h>

#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

struct Join {
  int device, ranks, rank;
};

// The first status of ranks that join one communicator in one group; a rank that joined is left.
int joined(const Join& first, const Join* second) {
  ncclUniqueId id;
  ncclComm_t comms[2] = {};
  KEEN_STATUS_CHECK(ncclGetUniqueId(&id));
  KEEN_STATUS_CHECK(ncclGroupStart());
  int status = 0;
  for (const Join* join : {&first, second}) {
    if (join == nullptr) continue;
    KEEN_CUDA_CHECK(cudaSetDevice(join->device));
    const int one = ncclCommInitRank(&comms[join == second], join->ranks, id, join->rank);
    if (status == 0) status = one;
  }
  const int end = ncclGroupEnd();
  cudaSetDevice(0);  // fails where the process is poisoned
  return status != 0 ? status : end;
}

KEEN_FAULT(rank_never_joins, "deadlock", ncclUnhandledCudaError, "nothing can run any more") {
  const Join second{1, 2, 1};
  return joined({0, 2, 0}, planted ? nullptr : &second);
}

KEEN_FAULT(rank_joins_twice, "nccl", ncclInvalidUsage, "ncclCommInitRank: rank 0 joins twice") {
  const Join second{1, 2, planted ? 0 : 1};
  return joined({0, 2, 0}, &second);
}

KEEN_FAULT(ranks_of_another_count, "nccl", ncclInvalidUsage,
           "ncclCommInitRank: rank 1 says 3 ranks, another 2") {
  const Join second{1, planted ? 3 : 2, 1};
  return joined({0, 2, 0}, &second);
}

KEEN_FAULT(ranks_on_one_device, nullptr, ncclInvalidUsage) {
  const Join second{planted ? 0 : 1, 2, 1};
  return joined({0, 2, 0}, &second);
}

KEEN_FAULT(rank_out_of_range, nullptr, ncclInvalidArgument) {
  ncclUniqueId id;
  ncclComm_t comm = nullptr;
  KEEN_STATUS_CHECK(ncclGetUniqueId(&id));
  return ncclCommInitRank(&comm, 1, id, planted ? 1 : 0);
}

KEEN_FAULT(communicator_used_after_destroy, nullptr, ncclInvalidArgument) {
  ncclComm_t comm = nullptr, other = nullptr;
  const int device = 0;
  float* x = zeros();
  KEEN_STATUS_CHECK(ncclCommInitAll(&comm, 1, &device));
  KEEN_STATUS_CHECK(ncclCommInitAll(&other, 1, &device));
  KEEN_STATUS_CHECK(ncclCommDestroy(planted ? comm : other));
  const int status = ncclAllReduce(x, x, 16, ncclFloat, ncclSum, comm, nullptr);
  const int error = cudaDeviceSynchronize();
  return status != 0 ? status : error;
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
