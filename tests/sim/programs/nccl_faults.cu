// Misuse of NCCL, planted and repaired: a named finding or error, never a hang. usage: program CASE
#include <atomic>

#include "tests/sim/programs/nccl_case.cuh"

namespace {

using namespace keen::sim::test;

// ---- One thread, several ranks

KEEN_FAULT(
    ungrouped, "nccl", ncclInvalidUsage,
    "ncclAllReduce: one thread calls for rank 0 and then for rank 1 outside ncclGroupStart") {
  Ranks ranks;
  if (!planted) KEEN_STATUS_CHECK(ncclGroupStart());
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  const int status = ranks.all_reduce(1);
  if (!planted) KEEN_STATUS_CHECK(ncclGroupEnd());
  if (planted) ranks.abort();
  const int error = ranks.wait();
  return status != ncclSuccess ? status : error;
}

KEEN_FAULT(one_rank_calls, "deadlock", cudaErrorLaunchTimeout,
           "waiting: [ncclAllReduce of rank 0 on device 0]") {
  Ranks ranks;
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  if (!planted) in_threads([&](int rank) { rank == 1 ? ranks.all_reduce(1) : 0; });
  return ranks.wait();
}

// A watchdog ends what is stuck; the device stays usable.
KEEN_FAULT(stuck_for_ever, "deadlock", cudaErrorLaunchTimeout,
           "waiting: [ncclAllReduce of rank 0 on device 0]") {
  Ranks ranks;
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  if (!planted) ranks.abort();
  if (const int error = ranks.wait()) return error;
  increment<<<1, kCount, 0, ranks.streams[0]>>>(ranks.data[0], ranks.data[0], kCount);
  return cudaStreamSynchronize(ranks.streams[0]);
}

// ---- Ranks that disagree

// The call that the ranks do not agree on is the first to tell.
int async_error(const Ranks& ranks) {
  ncclResult_t result = ncclSuccess;
  KEEN_STATUS_CHECK(ncclCommGetAsyncError(ranks.comms[0], &result));
  return result;
}

KEEN_FAULT(mismatched_count, "nccl", ncclInvalidUsage, "collective 0 of a communicator: rank ",
           "ncclAllReduce of 16 elements", "ncclAllReduce of 32 elements") {
  Ranks ranks;
  KEEN_STATUS_CHECK(ncclGroupStart());
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  KEEN_STATUS_CHECK(ranks.all_reduce(1, planted ? 2 * kCount : kCount));
  KEEN_STATUS_CHECK(ncclGroupEnd());
  const int error = ranks.wait();
  return error != 0 ? error : async_error(ranks);
}

KEEN_FAULT(out_of_order, "nccl...", ncclInvalidUsage, "collective 0 of a communicator: rank ",
           "ncclAllReduce of 16 elements", "ncclBcast of 16 elements") {
  Ranks ranks;
  const auto broadcast = [&](int rank) {
    KEEN_STATUS_CHECK(
        ncclBcast(ranks.data[rank], kCount, ncclFloat, 0, ranks.comms[rank], ranks.streams[rank]));
  };
  in_threads([&](int rank) {
    const bool turned = planted && rank == 1;
    if (turned) broadcast(rank);
    KEEN_STATUS_CHECK(ranks.all_reduce(rank));
    if (!turned) broadcast(rank);
  });
  const int error = ranks.wait();
  return error != 0 ? error : async_error(ranks);
}

KEEN_FAULT(communicators_in_another_order, "nccl", cudaSuccess,
           "comes to two communicators in another order than device ") {
  Ranks one, two;
  in_threads([&](int rank) {
    const bool turned = planted && rank == 1;
    KEEN_STATUS_CHECK((turned ? two : one).all_reduce(rank));
    KEEN_STATUS_CHECK((turned ? one : two).all_reduce(rank));
  });
  const int error = one.wait();
  return error != 0 ? error : two.wait();
}

cudaGraphExec_t captured_all_reduce(Ranks& ranks, int rank) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(ranks.streams[rank], cudaStreamCaptureModeThreadLocal));
  KEEN_STATUS_CHECK(ranks.all_reduce(rank));
  KEEN_CUDA_CHECK(cudaStreamEndCapture(ranks.streams[rank], &graph));
  KEEN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
  KEEN_CUDA_CHECK(cudaGraphDestroy(graph));
  return exec;
}

KEEN_FAULT(captured_on_one_rank, "nccl", ncclInvalidUsage, "collective 0 of a communicator: rank ",
           "captured") {
  Ranks ranks;
  in_threads([&](int rank) {
    if (planted && rank == 1) {
      KEEN_STATUS_CHECK(ranks.all_reduce(rank));
      return;
    }
    KEEN_CUDA_CHECK(cudaGraphLaunch(captured_all_reduce(ranks, rank), ranks.streams[rank]));
  });
  const int error = ranks.wait();
  return error != 0 ? error : async_error(ranks);
}

KEEN_FAULT(replay_after_destroy, "nccl...", cudaSuccess, "ncclAllReduce of rank ",
           "the communicator was destroyed") {
  Ranks ranks;
  in_threads([&](int rank) {
    cudaGraphExec_t exec = captured_all_reduce(ranks, rank);
    if (planted) KEEN_STATUS_CHECK(ncclCommDestroy(ranks.comms[rank]));
    KEEN_CUDA_CHECK(cudaGraphLaunch(exec, ranks.streams[rank]));
  });
  return ranks.wait();
}

// ---- Devices and threads

KEEN_FAULT(stream_of_another_device, "wrong-device", ncclInvalidArgument,
           "ncclAllReduce: the handle belongs to device 0, the stream to device 1") {
  Ranks ranks;
  KEEN_STATUS_CHECK(ncclGroupStart());
  const int status = ncclAllReduce(ranks.data[0], ranks.data[0], kCount, ncclFloat, ncclSum,
                                   ranks.comms[0], ranks.streams[planted ? 1 : 0]);
  if (!planted) KEEN_STATUS_CHECK(ranks.all_reduce(1));
  const int ended = ncclGroupEnd();
  if (status != ended) return -1;
  return status != ncclSuccess ? status : ranks.wait();
}

KEEN_FAULT(buffer_of_another_device, "peer-access", cudaErrorIllegalAddress,
           "ncclAllReduce of rank 0 reads at ", "device 0 has no access to memory of device 1") {
  Ranks ranks;
  KEEN_STATUS_CHECK(ncclGroupStart());
  KEEN_STATUS_CHECK(ncclAllReduce(ranks.data[planted ? 1 : 0], ranks.data[0], kCount, ncclFloat,
                                  ncclSum, ranks.comms[0], ranks.streams[0]));
  KEEN_STATUS_CHECK(ranks.all_reduce(1));
  KEEN_STATUS_CHECK(ncclGroupEnd());
  return ranks.wait();
}

KEEN_FAULT(device_used_twice, nullptr, ncclInvalidUsage) {
  ncclComm_t comms[kRanks] = {};
  const int devices[kRanks] = {0, planted ? 0 : 1};
  return ncclCommInitAll(comms, kRanks, devices);
}

KEEN_FAULT(communicator_made_in_capture, "capture", ncclUnhandledCudaError,
           "ncclCommInitAll: it allocates memory or waits, while a stream captures") {
  cudaStream_t stream = new_stream();
  cudaGraph_t graph = nullptr;
  ncclComm_t comms[kRanks] = {};
  const int devices[kRanks] = {0, 1};
  int status = planted ? 0 : static_cast<int>(ncclCommInitAll(comms, kRanks, devices));
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  if (planted) status = ncclCommInitAll(comms, kRanks, devices);
  cudaStreamEndCapture(stream, &graph);
  return status;
}

// All threads are known before one calls: a new one starts with what all have done.
KEEN_FAULT(two_threads_at_once, "nccl", cudaSuccess,
           "ncclAllReduce: two threads call at once for device 0") {
  Ranks ranks;
  std::atomic<int> known = 0, calls = 0;
  const auto work = [&](bool is_second) {
    KEEN_CUDA_CHECK(cudaSetDevice(0));
    ++known;
    while (known != 3 || calls != (is_second ? 1 : 0)) std::this_thread::yield();
    if (!planted && is_second) KEEN_SIM(cudasim_host_acquire)(&calls);
    KEEN_STATUS_CHECK(ranks.all_reduce(0));
    if (!planted && !is_second) KEEN_SIM(cudasim_host_release)(&calls);
    ++calls;
    while (calls != 2) std::this_thread::yield();  // what a thread knew is known when it has ended
  };
  std::thread first(work, false), second(work, true), other([&] {
    KEEN_CUDA_CHECK(cudaSetDevice(1));
    ++known;
    for (int k = 0; k < 2; ++k) KEEN_STATUS_CHECK(ranks.all_reduce(1));
  });
  for (std::thread* thread : {&first, &second, &other}) thread->join();
  return ranks.wait();
}

// ---- Transfers

int send(Ranks& ranks, int rank) {
  return ncclSend(ranks.data[rank], kCount, ncclFloat, 1 - rank, ranks.comms[rank],
                  ranks.streams[rank]);
}

int receive(Ranks& ranks, int rank, std::size_t count = kCount) {
  return ncclRecv(ranks.data[rank] + kSize / 2, count, ncclFloat, 1 - rank, ranks.comms[rank],
                  ranks.streams[rank]);
}

KEEN_FAULT(send_without_receive, "deadlock", cudaErrorLaunchTimeout,
           "waiting: [ncclSend of rank 0 on device 0]") {
  Ranks ranks;
  KEEN_STATUS_CHECK(ncclGroupStart());
  KEEN_STATUS_CHECK(send(ranks, 0));
  if (!planted) KEEN_STATUS_CHECK(receive(ranks, 1));
  KEEN_STATUS_CHECK(ncclGroupEnd());
  return ranks.wait();
}

KEEN_FAULT(exchange_not_grouped, "deadlock", cudaErrorLaunchTimeout,
           "[ncclSend of rank 0 on device 0]", "[ncclSend of rank 1 on device 1]") {
  Ranks ranks;
  in_threads([&](int rank) {
    if (!planted) KEEN_STATUS_CHECK(ncclGroupStart());
    KEEN_STATUS_CHECK(send(ranks, rank));
    KEEN_STATUS_CHECK(receive(ranks, rank));
    if (!planted) KEEN_STATUS_CHECK(ncclGroupEnd());
  });
  return ranks.wait();
}

KEEN_FAULT(transfer_of_two_sizes, "nccl", ncclInvalidUsage, "transfer 0 from rank 0 to rank 1",
           "ncclSend of 16 elements", "ncclRecv of 32 elements") {
  Ranks ranks;
  KEEN_STATUS_CHECK(ncclGroupStart());
  KEEN_STATUS_CHECK(send(ranks, 0));
  KEEN_STATUS_CHECK(receive(ranks, 1, planted ? 2 * kCount : kCount));
  KEEN_STATUS_CHECK(ncclGroupEnd());
  const int error = ranks.wait();
  return error != 0 ? error : async_error(ranks);
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
