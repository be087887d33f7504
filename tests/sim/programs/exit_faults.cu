// Calls after the process began to exit, each in a process of its own, planted and repaired: the
// fault must be the process's only finding and make it end with status 66, and it must be told what
// hardware tells. usage: sim_exit_faults CASE [planted|repaired]
#include <cublas_v2.h>
#include <cudnn.h>

#include <cstring>
#include <functional>
#include <map>
#include <thread>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_kernels.cuh"
#include "tests/sim/programs/process.h"

namespace {

using namespace keen::sim::test;

struct ExitFault {
  const char* api;                    // what is called too late
  int error;                          // that it then gives back
  std::function<void(bool)> in_main;  // with whether the fault is planted
};

std::map<std::string, ExitFault>& exit_faults() {
  static auto* all = new std::map<std::string, ExitFault>;
  return *all;
}

#define KEEN_EXIT_FAULT(name, api, error)                                                 \
  void name(bool planted);                                                                \
  const bool name##_added =                                                               \
      exit_faults().emplace(#name, ExitFault{api, static_cast<int>(error), name}).second; \
  void name(bool planted)

// Does its work when it is told to, or when it is destroyed.
class Late {
 public:
  Late() = default;
  explicit Late(std::function<int()> work) : work_(std::move(work)) {}
  Late(const Late&) = delete;
  Late& operator=(const Late&) = delete;
  ~Late() { run(); }

  void set(std::function<int()> work) { work_ = std::move(work); }
  void run() {
    if (!work_) return;
    std::printf("its result is %d.\n", work_());
    std::fflush(stdout);
    work_ = nullptr;
  }

 private:
  std::function<int()> work_;
};

Late before_main;

KEEN_EXIT_FAULT(freed_by_a_static_destructor, "cudaFreeAsync", cudaErrorCudartUnloading) {
  cudaStream_t stream = new_stream();
  void* memory = nullptr;
  KEEN_CUDA_CHECK(cudaMallocAsync(&memory, 64, stream));
  before_main.set([=] { return cudaFreeAsync(memory, stream); });
  if (!planted) before_main.run();
}

// Made after the first call, and so destroyed before what that call registered.
KEEN_EXIT_FAULT(freed_by_a_static_of_a_function, "cudaFree", cudaErrorCudartUnloading) {
  float* memory = device_array<float>(64);
  static Late late([=] { return cudaFree(memory); });
  if (!planted) late.run();
}

KEEN_EXIT_FAULT(launched_by_an_exit_handler, "cudaLaunchKernel", cudaErrorCudartUnloading) {
  float* memory = zeros();
  before_main.set([memory] {
    float* target = memory;
    int offset = 0;
    void* arguments[] = {&target, &offset};
    return cudaLaunchKernel(reinterpret_cast<const void*>(store_at), 1, 32, arguments, 0, nullptr);
  });
  if (planted) std::atexit([] { before_main.run(); });
  if (!planted) before_main.run();
  KEEN_CUDA_CHECK(cudaDeviceSynchronize());
}

KEEN_EXIT_FAULT(waited_for_after_main, "cudaDeviceSynchronize", cudaErrorCudartUnloading) {
  store_at<<<1, 32>>>(zeros(), 0);
  before_main.set([] { return cudaDeviceSynchronize(); });
  if (!planted) before_main.run();
}

KEEN_EXIT_FAULT(error_asked_for_after_main, "cudaGetLastError", cudaErrorCudartUnloading) {
  KEEN_CUDA_CHECK(cudaFree(nullptr));
  before_main.set([] { return cudaGetLastError(); });
  if (!planted) before_main.run();
}

// A process that never was on a device before.
KEEN_EXIT_FAULT(first_call_after_main, "cudaSetDevice", cudaErrorCudartUnloading) {
  before_main.set([] { return cudaSetDevice(0); });
  if (!planted) before_main.run();
}

KEEN_EXIT_FAULT(blas_handle_destroyed_after_main, "cublasDestroy_v2",
                CUBLAS_STATUS_NOT_INITIALIZED) {
  cublasHandle_t handle = nullptr;
  KEEN_STATUS_CHECK(cublasCreate(&handle));
  before_main.set([=] { return static_cast<int>(cublasDestroy(handle)); });
  if (!planted) before_main.run();
}

KEEN_EXIT_FAULT(dnn_handle_destroyed_after_main, "cudnnDestroy", CUDNN_STATUS_NOT_INITIALIZED) {
  cudnnHandle_t handle = nullptr;
  KEEN_STATUS_CHECK(cudnnCreate(&handle));
  before_main.set([=] { return static_cast<int>(cudnnDestroy(handle)); });
  if (!planted) before_main.run();
}

// exit() called by another thread than the main one, which made no call itself.
KEEN_EXIT_FAULT(exit_in_another_thread, "cudaFree", cudaErrorCudartUnloading) {
  std::thread([planted] {
    float* memory = device_array<float>(64);
    before_main.set([=] { return cudaFree(memory); });
    if (!planted) before_main.run();
    std::exit(0);
  }).join();
}

bool ends_as_expected(const std::string& program, const std::string& name, bool planted) {
  const ExitFault& fault = exit_faults().at(name);
  const Result result =
      run_command("'" + program + "' " + name + (planted ? " planted" : " repaired"));
  const std::string finding =
      "cudasim: exit: " + std::string(fault.api) + " is called after the process began to exit\n";
  const std::string told = "its result is " + std::to_string(planted ? fault.error : 0) + ".\n";
  const bool good = planted ? result.status == 66 && result.text == told + finding
                            : result.status == 0 && result.text == told;
  std::printf("%s, %s: %s, status %d\n%s", name.c_str(), planted ? "planted" : "repaired",
              good ? "as expected" : "WRONG", result.status, result.text.c_str());
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (!exit_faults().contains(name)) {
    std::fprintf(stderr, "usage: %s CASE [planted|repaired]; cases:\n", argv[0]);
    for (const auto& [each, fault] : exit_faults()) std::fprintf(stderr, "  %s\n", each.c_str());
    return 2;
  }
  if (argc > 2) {
    exit_faults().at(name).in_main(std::strcmp(argv[2], "planted") == 0);
    return 0;
  }
  const bool planted = ends_as_expected(argv[0], name, true);
  const bool repaired = ends_as_expected(argv[0], name, false);
  return planted && repaired ? 0 : 1;
}
