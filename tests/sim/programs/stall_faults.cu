// What may wait for a device where a collective waits for a rank, planted and repaired.
// usage: program CASE
#include <cublasLt.h>
#include <cublas_v2.h>
#include <cudnn.h>

#include <array>
#include <filesystem>
#include <utility>

#include "tests/sim/programs/graph_case.h"
#include "tests/sim/programs/nccl_case.cuh"
#include "tests/sim/programs/process.h"

namespace {

using namespace keen::sim::test;

KEEN_FAULT(allocates_behind_a_collective, "deadlock", cudaSuccess,
           "cudaMalloc may wait for device 0, where ncclAllReduce of rank 0 waits for ranks") {
  Ranks ranks;
  void* memory = nullptr;
  if (!planted) KEEN_CUDA_CHECK(cudaMalloc(&memory, 64));
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  if (planted) KEEN_CUDA_CHECK(cudaMalloc(&memory, 64));
  in_threads([&](int rank) { rank == 1 ? ranks.all_reduce(1) : 0; });
  const int error = ranks.wait();
  KEEN_CUDA_CHECK(cudaFree(memory));
  return error;
}

template <int>
__global__ void set_first(float* y) {
  y[0] = 1;
}

// One that no run of the case has used yet.
auto* new_kernel() {
  using Kernel = void (*)(float*);
  static const auto kernels = []<int... i>(std::integer_sequence<int, i...>) {
    return std::array<Kernel, sizeof...(i)>{set_first<i>...};
  }
  (std::make_integer_sequence<int, 64>());
  static std::size_t used = 0;
  return kernels.at(used++);
}

KEEN_FAULT(loads_behind_a_collective, "deadlock", cudaSuccess, "set_first<",
           "may wait for device 0, where ncclAllReduce of rank 0 waits for ranks") {
  Ranks ranks;
  auto* kernel = new_kernel();
  cudaFuncAttributes attributes = {};
  if (!planted) KEEN_CUDA_CHECK(cudaFuncGetAttributes(&attributes, kernel));
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  kernel<<<1, 1, 0, ranks.streams[0]>>>(ranks.data[0]);
  in_threads([&](int rank) { rank == 1 ? ranks.all_reduce(1) : 0; });
  return ranks.wait();
}

// The same in a capture on another stream: a kernel is loaded by its first captured launch too.
KEEN_FAULT(loads_in_a_capture, "deadlock", cudaSuccess, "set_first<",
           "may wait for device 0, where ncclAllReduce of rank 0 waits for ranks") {
  Ranks ranks;
  auto* kernel = new_kernel();
  cudaFuncAttributes attributes = {};
  cudaStream_t stream = new_stream();
  if (!planted) KEEN_CUDA_CHECK(cudaFuncGetAttributes(&attributes, kernel));
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  captured_graph(stream, [&] { kernel<<<1, 1, 0, stream>>>(ranks.data[0]); });
  in_threads([&](int rank) { rank == 1 ? ranks.all_reduce(1) : 0; });
  return ranks.wait();
}

// Calls between the first rank's call and the second one's, where `planted`, and before both else.
template <class Call>
int between_ranks(bool planted, const Call& call) {
  Ranks ranks;
  if (!planted) call();
  KEEN_STATUS_CHECK(ranks.all_reduce(0));
  // The second rank calls while the first thread may already wait.
  std::thread second([&] {
    KEEN_CUDA_CHECK(cudaSetDevice(1));
    if (planted) {
      while (KEEN_SIM(cudasim_finding_count)() == 0) std::this_thread::yield();
    }
    KEEN_STATUS_CHECK(ranks.all_reduce(1));
  });
  if (planted) call();
  second.join();
  return ranks.wait();
}

KEEN_FAULT(frees_behind_a_collective, "deadlock", cudaSuccess,
           "cudaFree may wait for device 0, where ncclAllReduce of rank 0 waits for ranks") {
  float* x = zeros();
  return between_ranks(planted, [&] { KEEN_CUDA_CHECK(cudaFree(x)); });
}

KEEN_FAULT(page_locks_behind_a_collective, "deadlock", cudaSuccess,
           "cudaMallocHost may wait for device 0") {
  void* host = nullptr;
  return between_ranks(planted, [&] { KEEN_CUDA_CHECK(cudaMallocHost(&host, 64)); });
}

KEEN_FAULT(instantiates_behind_a_collective, "deadlock", cudaSuccess,
           "cudaGraphInstantiate may wait for device 0") {
  cudaStream_t stream = new_stream();
  float* x = zeros();
  cudaGraph_t graph =
      captured_graph(stream, [&] { KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, stream)); });
  return between_ranks(planted, [&] { instantiated(graph); });
}

KEEN_FAULT(makes_a_handle_of_cublas_behind_a_collective, "deadlock", cudaSuccess,
           "cublasCreate_v2 may wait for device 0") {
  cublasHandle_t made = nullptr;
  return between_ranks(planted, [&] { KEEN_STATUS_CHECK(cublasCreate(&made)); });
}

KEEN_FAULT(makes_a_handle_of_cublaslt_behind_a_collective, "deadlock", cudaSuccess,
           "cublasLtCreate may wait for device 0") {
  cublasLtHandle_t made = nullptr;
  return between_ranks(planted, [&] { KEEN_STATUS_CHECK(cublasLtCreate(&made)); });
}

KEEN_FAULT(makes_a_handle_of_cudnn_behind_a_collective, "deadlock", cudaSuccess,
           "cudnnCreate may wait for device 0") {
  cudnnHandle_t made = nullptr;
  return between_ranks(planted, [&] { KEEN_STATUS_CHECK(cudnnCreate(&made)); });
}

__device__ int variable = 0;

// A module is loaded once in a process: what a process of its own does.
int look_variable_up(bool planted) {
  return between_ranks(planted, [] {
    void* address = nullptr;
    KEEN_CUDA_CHECK(cudaGetSymbolAddress(&address, variable));
  });
}

// The status of a process that ends with findings.
KEEN_FAULT(looks_a_variable_up_behind_a_collective, nullptr, 66) {
  static Result results[2] = {};
  Result& result = results[planted ? 1 : 0];
  if (result.text.empty()) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    result = run_command("( '" + program + "' --variable " + (planted ? "planted" : "repaired") +
                         "; status=$?; echo end; exit $status )");
  }
  const bool said = result.has("cudasim: deadlock: the address of ") &&
                    result.has("may wait for device 0, where ncclAllReduce of rank 0 waits");
  return said == planted ? result.status : -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && argv[1] == std::string("--variable")) {
    return look_variable_up(argv[2] == std::string("planted"));
  }
  return run_faults(argc, argv);
}
