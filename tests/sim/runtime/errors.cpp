// The beginning of every entry, and the errors that stay: cuda_runtime_api.h, "Error Handling".
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <cudnn.h>
#include <nccl.h>

#include <cstring>
#include <utility>
#include <vector>

#include "tests/sim/core/ledger.h"
#include "tests/sim/core/machine.h"
#include "tests/sim/core/operation.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/error_names.h"

namespace keen::sim {
namespace {

struct Failure {
  std::string api;
  int remaining;
  int code;
};

std::vector<Failure>& failures() {
  static auto* injected = new std::vector<Failure>;
  return *injected;
}

int injected_failure(const char* api) {
  auto& all = failures();
  int code = 0;
  for (auto failure = all.begin(); failure != all.end();) {
    if (failure->api != api || --failure->remaining > 0) {
      ++failure;
      continue;
    }
    if (code == 0) code = failure->code;
    failure = all.erase(failure);
  }
  return code;
}

// The Programming Guide calls it undefined; what the runtime says once it is gone is in
// driver_types.h, cudaErrorCudartUnloading.
bool comes_after_the_end(const char* api) {
  if (!Machine::get().exiting()) return false;
  Machine::get().report("exit", std::string(api) + " is called after the process began to exit");
  return true;
}

// What a library says whose runtime is gone; unsourced.
int status_after_the_end(const char* api) {
  if (std::strncmp(api, "cudnn", 5) == 0) return CUDNN_STATUS_NOT_INITIALIZED;
  return std::strncmp(api, "nccl", 4) == 0 ? static_cast<int>(ncclUnhandledCudaError)
                                           : static_cast<int>(CUBLAS_STATUS_NOT_INITIALIZED);
}

}  // namespace

int enter(const char* api) {
  Machine& machine = Machine::get();
  Ledger::get().call(api);
  const bool own = std::strncmp(api, "cuda", 4) == 0;
  if (comes_after_the_end(api)) return own ? cudaErrorCudartUnloading : status_after_the_end(api);
  if (own && machine.sticky() != cudaSuccess) return machine.sticky();
  if (Machine::thread().host_function != nullptr) {
    // cuda_runtime_api.h: "a callback must not make any CUDA API calls"; that is not always
    // reported there.
    machine.report("host-function", std::string(api) + " is called inside a host function");
    if (own) return cudaErrorNotPermitted;
  }
  if (own) make_context_for(api);
  return injected_failure(api);
}

cudaError_t fail(cudaError_t error) {
  // Success does not reset it; nor do "not ready" and other errors that harm nothing go away before
  // cudaGetLastError.
  if (error != cudaSuccess) Machine::thread().last_error = error;
  return error;
}

cudaError_t begin(const char* api) { return fail(static_cast<cudaError_t>(enter(api))); }

cudaError_t unsupported(const char* api, const std::string& what) {
  Machine::get().report("unsupported", std::string(api) + ": " + what);
  return fail(cudaErrorNotSupported);
}

void inject_failure(const std::string& api, int k, int code) {
  failures().push_back({api, k, code});
}

void clear_failures() { failures().clear(); }

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaGetLastError() {
  const Guard guard(Machine::get());
  Ledger::get().call("cudaGetLastError");
  if (comes_after_the_end("cudaGetLastError")) return cudaErrorCudartUnloading;
  const cudaError_t last = std::exchange(Machine::thread().last_error, cudaSuccess);
  const cudaError_t sticky = Machine::get().sticky();
  return sticky != cudaSuccess ? sticky : last;
}

cudaError_t cudaPeekAtLastError() {
  const Guard guard(Machine::get());
  Ledger::get().call("cudaPeekAtLastError");
  if (comes_after_the_end("cudaPeekAtLastError")) return cudaErrorCudartUnloading;
  const cudaError_t sticky = Machine::get().sticky();
  return sticky != cudaSuccess ? sticky : Machine::thread().last_error;
}

const char* cudaGetErrorName(cudaError_t error) { return error_name(error).name; }

const char* cudaGetErrorString(cudaError_t error) { return error_name(error).text; }

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
