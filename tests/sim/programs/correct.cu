// Correct programs, in which a checker that is too strict would see faults. Each must end without a
// finding and with the right numbers, with every seed. usage: sim_correct CASE
#include <nccl.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/correct_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

bool all_are(const float* device, int count, float value) {
  return host_copy(device, count) == std::vector<float>(count, value);
}

cudaGraphExec_t captured(cudaStream_t stream, const std::function<void()>& work) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  work();
  KEEN_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  KEEN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph, 0));
  KEEN_CUDA_CHECK(cudaGraphDestroy(graph));
  return exec;
}

// A block that another stream used goes back into use once an event says that it is done.
KEEN_CORRECT(recycled_by_event) {
  float *x = zeros(), *block = zeros(), *out = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  cudaEvent_t used = new_event();
  increment<<<4, 128, 0, a>>>(x, block, kSize);
  KEEN_CUDA_CHECK(cudaEventRecord(used, a));
  while (cudaEventQuery(used) == cudaErrorNotReady) cudaGetLastError();
  increment<<<4, 128, 0, b>>>(x, block, kSize);
  increment<<<4, 128, 0, b>>>(block, out, kSize);
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return all_are(out, kSize, 2);
}

KEEN_CORRECT(fork_and_join) {
  float *x = zeros(), *y = zeros(), *z = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  increment<<<4, 128, 0, a>>>(x, x, kSize);
  order(a, b);
  increment<<<4, 128, 0, a>>>(x, y, kSize);
  increment<<<4, 128, 0, b>>>(x, z, kSize);
  order(b, a);
  increment<<<4, 128, 0, a>>>(z, x, kSize);
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return all_are(x, kSize, 3) && all_are(y, kSize, 2);
}

KEEN_CORRECT(disjoint_tensors_of_a_segment) {
  float* segment = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  // Columns of 8: two streams write bytes that lie between each other's.
  increment<<<1, 8, 0, a>>>(segment, segment, 8);
  increment<<<1, 8, 0, b>>>(segment + 8, segment + 8, 8);
  increment<<<1, 8, 0, a>>>(segment + 16, segment + 16, 8);
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return all_are(segment, 24, 1);
}

KEEN_CORRECT(capture_beside_an_allocating_thread) {
  float* x = zeros();
  cudaStream_t a = new_stream();
  cudaGraphExec_t exec = captured(a, [&] {
    increment<<<4, 128, 0, a>>>(x, x, kSize);
    std::thread other([] { device_array<float>(64); });
    other.join();
    increment<<<4, 128, 0, a>>>(x, x, kSize);
  });
  KEEN_CUDA_CHECK(cudaGraphLaunch(exec, a));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  return all_are(x, kSize, 2);
}

// "A graph cannot run beside itself": CUDA orders the launches of one exec on two streams.
KEEN_CORRECT(graph_replayed_on_two_streams) {
  float* x = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  cudaGraphExec_t exec = captured(a, [&] { increment<<<4, 128, 0, a>>>(x, x, kSize); });
  for (int k = 0; k < 3; ++k) KEEN_CUDA_CHECK(cudaGraphLaunch(exec, k % 2 == 0 ? a : b));
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
  return all_are(x, kSize, 3);
}

KEEN_CORRECT(threads_on_one_device) {
  constexpr int kThreads = 4;
  float* results[kThreads] = {};
  std::vector<std::thread> threads;
  for (float*& result : results) {
    threads.emplace_back([&result] {
      cudaStream_t stream = new_stream();
      result = zeros();
      for (int k = 0; k < 5; ++k) increment<<<2, 64, 0, stream>>>(result, result, kSize);
      KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
    });
  }
  for (auto& thread : threads) thread.join();
  bool good = true;
  for (const float* result : results) good &= all_are(result, kSize, 5);
  return good;
}

// Frees when its thread ends.
class Freed {
 public:
  Freed() = default;
  Freed(const Freed&) = delete;
  Freed& operator=(const Freed&) = delete;
  ~Freed() {
    if (error_ != nullptr) *error_ = cudaFree(memory_);
  }
  void set(float* memory, cudaError_t* error) {
    memory_ = memory;
    error_ = error;
  }

 private:
  float* memory_ = nullptr;
  cudaError_t* error_ = nullptr;
};

void free_at_end(cudaError_t* error) {
  thread_local Freed freed;
  freed.set(nullptr, nullptr);
  freed.set(zeros(), error);
}

// Objects of a thread are destroyed in the opposite order of their making: this one after all that
// the thread's first call made.
KEEN_CORRECT(thread_that_calls_at_its_end) {
  cudaError_t error = cudaErrorUnknown;
  std::thread(free_at_end, &error).join();
  return error == cudaSuccess;
}

// ---- Host functions ---------------------------------------------------------------------------

// A host function may take a lock that another thread holds while it calls CUDA.
KEEN_CORRECT(host_function_that_takes_a_lock) {
  struct Shared {
    std::mutex mutex;
    std::atomic<bool> running = false, taken = false;
    int lines = 0;
  } shared;
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  std::thread other([&] {
    const std::lock_guard held(shared.mutex);
    shared.taken = true;
    shared.taken.notify_all();
    shared.running.wait(false);
    increment<<<4, 128, 0, b>>>(x, y, kSize);
    KEEN_CUDA_CHECK(cudaStreamSynchronize(b));
    ++shared.lines;
  });
  const auto write = [](void* data) {
    Shared& target = *static_cast<Shared*>(data);
    target.running = true;
    target.running.notify_all();
    target.taken.wait(false);
    const std::lock_guard held(target.mutex);
    ++target.lines;
  };
  KEEN_CUDA_CHECK(cudaLaunchHostFunc(a, write, &shared));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  other.join();
  return shared.lines == 2 && all_are(y, kSize, 1);
}

// ---- Threads that wait for each other ---------------------------------------------------------

// One that has what it waited for counts as awake, though it has not come to run again.
KEEN_CORRECT(threads_that_meet_again_and_again) {
  constexpr int kRanks = 2, kTimes = 50;
  ncclUniqueId ids[kTimes];
  for (auto& id : ids) KEEN_STATUS_CHECK(ncclGetUniqueId(&id));
  int met[kRanks] = {};
  const auto meet = [&](int rank) {
    KEEN_CUDA_CHECK(cudaSetDevice(rank));
    for (const auto& id : ids) {
      ncclComm_t comm = nullptr;
      met[rank] += ncclCommInitRank(&comm, kRanks, id, rank) == ncclSuccess ? 1 : 0;
    }
  };
  std::thread other(meet, 1);
  meet(0);
  other.join();
  return met[0] == kTimes && met[1] == kTimes;
}

// ---- The legacy default stream ----------------------------------------------------------------

cudaStream_t blocking_stream() {
  cudaStream_t made = nullptr;
  KEEN_CUDA_CHECK(cudaStreamCreate(&made));
  return made;
}

// A wait for it, or a question, is also for the streams that it synchronises with.
KEEN_CORRECT(wait_for_the_default_stream) {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = blocking_stream(), b = new_stream();
  increment<<<4, 128, 0, a>>>(x, x, kSize);
  KEEN_CUDA_CHECK(cudaStreamSynchronize(nullptr));
  increment<<<4, 128, 0, b>>>(x, y, kSize);
  KEEN_CUDA_CHECK(cudaStreamSynchronize(b));
  increment<<<4, 128, 0, a>>>(x, x, kSize);
  while (cudaStreamQuery(cudaStreamLegacy) == cudaErrorNotReady) cudaGetLastError();
  increment<<<4, 128, 0, b>>>(x, x, kSize);
  KEEN_CUDA_CHECK(cudaStreamSynchronize(b));
  return all_are(x, kSize, 3) && all_are(y, kSize, 2);
}

struct Told {
  cudaStream_t stream = nullptr;
  cudaError_t error = cudaErrorUnknown;
  int times = 0;
};

void CUDART_CB note(cudaStream_t stream, cudaError_t error, void* data) {
  Told& told = *static_cast<Told*>(data);
  told.stream = stream;
  told.error = error;
  ++told.times;
}

// It comes after what was there before it, and tells how that ended, and that after a fault too.
KEEN_CORRECT(callback_of_a_stream) {
  Told good, bad;
  float* x = zeros();
  cudaStream_t a = new_stream();
  increment<<<4, 128, 0, a>>>(x, x, kSize);
  KEEN_CUDA_CHECK(cudaStreamAddCallback(a, note, &good, 0));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(a));
  const bool right = good.stream == a && good.error == cudaSuccess && good.times == 1;
  store_at<<<1, 32, 0, a>>>(x, kSize);
  KEEN_CUDA_CHECK(cudaStreamAddCallback(a, note, &bad, 0));
  const bool faulty = cudaStreamSynchronize(a) == cudaErrorIllegalAddress;
  KEEN_SIM(cudasim_clear)();
  cudaGetLastError();
  return right && faulty && bad.error == cudaErrorIllegalAddress && bad.times == 1 &&
         all_are(x, kSize, 1);
}

}  // namespace

int main(int argc, char** argv) { return run_correct(argc, argv); }
