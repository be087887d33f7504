#pragma once
#include <memory>
#include <vector>

#include "tests/sim/libraries/nccl_world.h"

namespace keen::sim {

// What a thread has called between ncclGroupStart and the ncclGroupEnd that ends it.
struct Group {
  int depth = 0;
  ncclResult_t error = ncclSuccess;  // of a call within
  struct Call {
    std::shared_ptr<Member> member;
    CollectiveCall call;
    cudaStream_t stream;
  };
  std::vector<Call> calls;                          // start at the end, in order
  std::vector<std::shared_ptr<World>> initialised;  // to wait for, before `calls`

  static Group& of_thread();
  // Remembers an error of a call within a group, and returns it.
  ncclResult_t note(ncclResult_t result);
};

// Waits until all ranks of a communicator are there.
ncclResult_t wait_for_ranks(const World& world);

}  // namespace keen::sim
