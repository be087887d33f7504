#include "runtime/device/cuda/guard.h"

#include <cuda.h>

#include <atomic>
#include <cstdint>

namespace keen::device::cuda {
namespace {

using ContextState = decltype(&cuDevicePrimaryCtxGetState);

// The driver's function; null where there is none.
ContextState context_state() {
  static const ContextState function = [] {
    void* found = nullptr;
    constexpr unsigned kSince = 7000;  // CUDA 7.0
    const cudaError_t status = cudaGetDriverEntryPointByVersion(
        "cuDevicePrimaryCtxGetState", &found, kSince, cudaEnableDefault, nullptr);
    if (status != cudaSuccess) static_cast<void>(cudaGetLastError());
    return status == cudaSuccess ? reinterpret_cast<ContextState>(found) : nullptr;
  }();
  return function;
}

bool has_context(int device) {
  // Bits of those that are known to have one; it stays, once made.
  static std::atomic<std::uint64_t> known{0};
  const std::uint64_t bit = device < 64 ? std::uint64_t{1} << device : 0;
  if ((known.load(std::memory_order_relaxed) & bit) != 0) return true;
  const ContextState state = context_state();
  unsigned flags = 0;
  int active = 1;
  if (state != nullptr && state(device, &flags, &active) != CUDA_SUCCESS) active = 1;
  if (active != 0) known.fetch_or(bit, std::memory_order_relaxed);
  return active != 0;
}

}  // namespace

void restore_device(int before) noexcept {
  if (has_context(before)) check_quietly(cudaSetDevice(before), "cudaSetDevice");
}

}  // namespace keen::device::cuda
