// What NCCL moves between ranks (collectives and transfers, eagerly and captured), with 20 seeds.
#include <nccl.h>

#include <functional>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;

constexpr int kRanks = 2, kCount = 37;

struct Ranks {
  ncclComm_t comms[kRanks] = {};
  cudaStream_t streams[kRanks] = {};
  float *in[kRanks] = {}, *out[kRanks] = {};  // room for what all ranks send

  Ranks() {
    const int devices[kRanks] = {0, 1};
    KEEN_STATUS_CHECK(ncclCommInitAll(comms, kRanks, devices));
    for (int d = 0; d < kRanks; ++d) {
      KEEN_CUDA_CHECK(cudaSetDevice(d));
      streams[d] = new_stream();
      std::vector<float> values(kRanks * kCount);
      for (int i = 0; i < kRanks * kCount; ++i) values[i] = value(d, i);
      in[d] = device_copy(values);
      out[d] = zeros();
    }
  }

  static float value(int rank, int i) { return static_cast<float>(100 * rank + i); }

  void grouped(const std::function<int(int)>& call) {
    KEEN_STATUS_CHECK(ncclGroupStart());
    for (int rank = 0; rank < kRanks; ++rank) KEEN_STATUS_CHECK(call(rank));
    KEEN_STATUS_CHECK(ncclGroupEnd());
  }

  // Whether out[rank][i] is wanted(rank, i) everywhere.
  bool holds(int count, const std::function<float(int, int)>& wanted) {
    bool good = true;
    for (int rank = 0; rank < kRanks; ++rank) {
      KEEN_CUDA_CHECK(cudaSetDevice(rank));
      KEEN_CUDA_CHECK(cudaStreamSynchronize(streams[rank]));
      const auto got = host_copy(out[rank], count);
      for (int i = 0; i < count; ++i) good &= got[i] == wanted(rank, i);
    }
    return good;
  }
};

void check_collectives(Checks& checks) {
  Ranks r;
  r.grouped([&](int rank) {
    return ncclAllReduce(r.in[rank], r.out[rank], kCount, ncclFloat, ncclSum, r.comms[rank],
                         r.streams[rank]);
  });
  checks.expect(r.holds(kCount, [](int, int i) { return Ranks::value(0, i) + Ranks::value(1, i); }),
                "all-reduce");
  r.grouped([&](int rank) {
    return ncclBroadcast(r.in[rank], r.out[rank], kCount, ncclFloat, 1, r.comms[rank],
                         r.streams[rank]);
  });
  checks.expect(r.holds(kCount, [](int, int i) { return Ranks::value(1, i); }), "broadcast");
  r.grouped([&](int rank) {
    return ncclAllGather(r.in[rank], r.out[rank], kCount, ncclFloat, r.comms[rank],
                         r.streams[rank]);
  });
  checks.expect(
      r.holds(kRanks * kCount, [](int, int i) { return Ranks::value(i / kCount, i % kCount); }),
      "all-gather");
}

// Each rank sends to all, itself included: what all-to-all is made of.
void exchange(Ranks& r) {
  r.grouped([&](int rank) {
    for (int peer = 0; peer < kRanks; ++peer) {
      KEEN_STATUS_CHECK(ncclSend(r.in[rank] + peer * kCount, kCount, ncclFloat, peer, r.comms[rank],
                                 r.streams[rank]));
      KEEN_STATUS_CHECK(ncclRecv(r.out[rank] + peer * kCount, kCount, ncclFloat, peer,
                                 r.comms[rank], r.streams[rank]));
    }
    return 0;
  });
}

float exchanged(int rank, int i) { return Ranks::value(i / kCount, rank * kCount + i % kCount); }

void check_transfers(Checks& checks) {
  Ranks r;
  exchange(r);
  checks.expect(r.holds(kRanks * kCount, exchanged), "exchange between all ranks");
  r.grouped([&](int rank) {
    return rank == 0 ? ncclSend(r.in[0], 5, ncclFloat, 1, r.comms[0], r.streams[0])
                     : ncclRecv(r.out[1], 5, ncclFloat, 0, r.comms[1], r.streams[1]);
  });
  KEEN_CUDA_CHECK(cudaSetDevice(1));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(r.streams[1]));
  checks.expect(host_copy(r.out[1], 5)[4] == Ranks::value(0, 4), "send and receive");
}

void check_captured(Checks& checks) {
  Ranks r;
  cudaGraphExec_t execs[kRanks] = {};
  for (cudaStream_t stream : r.streams) {
    KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  }
  exchange(r);
  for (int rank = 0; rank < kRanks; ++rank) {
    cudaGraph_t graph = nullptr;
    KEEN_CUDA_CHECK(cudaStreamEndCapture(r.streams[rank], &graph));
    KEEN_CUDA_CHECK(cudaSetDevice(rank));
    KEEN_CUDA_CHECK(cudaGraphInstantiate(&execs[rank], graph, 0));
  }
  for (int replay = 0; replay < 2; ++replay) {
    for (int rank = 0; rank < kRanks; ++rank) {
      KEEN_CUDA_CHECK(cudaSetDevice(rank));
      KEEN_CUDA_CHECK(cudaMemsetAsync(r.out[rank], 0, kSize * sizeof(float), r.streams[rank]));
      KEEN_CUDA_CHECK(cudaGraphLaunch(execs[rank], r.streams[rank]));
    }
    checks.expect(r.holds(kRanks * kCount, exchanged), "a captured exchange, replayed");
  }
}

}  // namespace

int main() {
  Checks checks;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_collectives(checks);
    check_transfers(checks);
    check_captured(checks);
  }
  return checks.status();
}
