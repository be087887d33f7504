// What the programs that misuse NCCL share.
#pragma once
#include <nccl.h>

#include <thread>

#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace keen::sim::test {

constexpr int kRanks = 2;
constexpr int kCount = 16;

// One rank on each of two devices; device 0 is current.
struct Ranks {
  ncclComm_t comms[kRanks] = {};
  float* data[kRanks] = {};
  cudaStream_t streams[kRanks] = {};

  Ranks() {
    const int devices[kRanks] = {0, 1};
    KEEN_STATUS_CHECK(ncclCommInitAll(comms, kRanks, devices));
    for (int d = 0; d < kRanks; ++d) {
      KEEN_CUDA_CHECK(cudaSetDevice(d));
      data[d] = zeros();
      streams[d] = new_stream();
    }
    KEEN_CUDA_CHECK(cudaSetDevice(0));
  }

  int all_reduce(int rank, std::size_t count = kCount) {
    return ncclAllReduce(data[rank], data[rank], count, ncclFloat, ncclSum, comms[rank],
                         streams[rank]);
  }

  // The first error of waiting for both streams.
  int wait() {
    cudaError_t error = cudaSuccess;
    for (int d = 0; d < kRanks; ++d) {
      cudaSetDevice(d);
      if (error == cudaSuccess) error = cudaStreamSynchronize(streams[d]);
    }
    cudaSetDevice(0);
    return error;
  }

  void abort() {
    for (ncclComm_t comm : comms) ncclCommAbort(comm);
  }
};

// Runs work(rank) in a thread for each rank, on its device.
template <class Work>
void in_threads(const Work& work) {
  std::thread threads[kRanks];
  for (int rank = 0; rank < kRanks; ++rank) {
    threads[rank] = std::thread([&work, rank] {
      KEEN_CUDA_CHECK(cudaSetDevice(rank));
      work(rank);
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace keen::sim::test
