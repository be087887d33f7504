// Primary contexts of devices: cuda_runtime_api.h, "Device Management" and "Driver Entry Point
// Access".
#include <cuda.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/operation.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/runtime/entry.h"

namespace keen::sim {
namespace {

unsigned active_contexts = 0;  // bits of devices

bool has_context(int device) {
  return ((active_contexts >> static_cast<unsigned>(device)) & 1U) != 0;
}

// What asks without using a device; unsourced but for cudaSetDevice, which says what it
// initialises.
constexpr std::array<std::string_view, 14> kWithoutContext = {
    "cudaSetDevice",           "cudaGetDevice",
    "cudaGetDeviceCount",      "cudaDeviceGetAttribute",
    "cudaGetDeviceProperties", "cudaDeviceCanAccessPeer",
    "cudaDriverGetVersion",    "cudaRuntimeGetVersion",
    "cudaGetLastError",        "cudaPeekAtLastError",
    "cudaGetErrorName",        "cudaGetErrorString",
    "cudaDeviceGetPCIBusId",   "cudaGetDriverEntryPointByVersion"};

// cuda.h, cuDevicePrimaryCtxGetState.
CUresult primary_context_state(CUdevice device, unsigned* flags, int* active) {
  const Guard guard(Machine::get());
  if (flags == nullptr || active == nullptr) return CUDA_ERROR_INVALID_VALUE;
  if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
  *flags = 0;
  *active = has_context(device) ? 1 : 0;
  return CUDA_SUCCESS;
}

}  // namespace

void make_context(int device) { active_contexts |= 1U << static_cast<unsigned>(device); }

void make_context_for(const char* api) {
  const int device = Machine::thread().device;
  if (has_context(device)) return;
  if (std::ranges::find(kWithoutContext, api) == kWithoutContext.end()) make_context(device);
}

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned version,
                                             unsigned long long flags,
                                             cudaDriverEntryPointQueryResult* status) {
  const Guard guard(Machine::get());
  constexpr const char* kName = "cudaGetDriverEntryPointByVersion";
  if (const cudaError_t error = begin(kName)) return error;
  if (symbol == nullptr || function == nullptr || version > CUDART_VERSION) {
    return fail(cudaErrorInvalidValue);
  }
  if (flags != cudaEnableDefault || std::strcmp(symbol, "cuDevicePrimaryCtxGetState") != 0) {
    return unsupported(kName, symbol + (" with flags " + std::to_string(flags)));
  }
  *function = reinterpret_cast<void*>(primary_context_state);
  if (status != nullptr) *status = cudaDriverEntryPointSuccess;
  return cudaSuccess;
}

int cudasim_has_context(int device) {
  const Guard guard(Machine::get());
  return has_context(device) ? 1 : 0;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
