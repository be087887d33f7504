// The beginning of every entry, and the errors that stay: cuda_runtime_api.h, "Error Handling".
#include <cuda_runtime_api.h>

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

}  // namespace

int enter(const char* api) {
  Machine& machine = Machine::get();
  Ledger::get().call(api);
  const bool own = std::strncmp(api, "cuda", 4) == 0;
  if (own && machine.sticky() != cudaSuccess) return machine.sticky();
  if (Machine::thread().in_host_function) {
    // cuda_runtime_api.h: "a callback must not make any CUDA API calls"; that is not always
    // reported there.
    machine.report("host-function", std::string(api) + " is called inside a host function");
    if (own) return cudaErrorNotPermitted;
  }
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
  const cudaError_t last = std::exchange(Machine::thread().last_error, cudaSuccess);
  const cudaError_t sticky = Machine::get().sticky();
  return sticky != cudaSuccess ? sticky : last;
}

cudaError_t cudaPeekAtLastError() {
  const Guard guard(Machine::get());
  Ledger::get().call("cudaPeekAtLastError");
  const cudaError_t sticky = Machine::get().sticky();
  return sticky != cudaSuccess ? sticky : Machine::thread().last_error;
}

const char* cudaGetErrorName(cudaError_t error) { return error_name(error).name; }

const char* cudaGetErrorString(cudaError_t error) { return error_name(error).text; }

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
