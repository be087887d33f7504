#include "runtime/device/cuda/kernel_resources.h"

#include <cuda_runtime_api.h>

#include <algorithm>

#include "runtime/base/demangle.h"
#include "runtime/device/cuda/guard.h"
#include "runtime/device/cuda/kernels.h"
#include "runtime/device/cuda/status.h"
#include "runtime/device/device_context.h"

namespace keen::device::cuda {
namespace {

KernelResources resources_of(const void* function, int threads_per_multiprocessor) {
  const char* symbol = nullptr;
  check(cudaFuncGetName(&symbol, function), "cudaFuncGetName");
  cudaFuncAttributes attributes{};
  check(cudaFuncGetAttributes(&attributes, function), "cudaFuncGetAttributes");
  KernelResources result{.name = demangled(symbol),
                         .registers = attributes.numRegs,
                         .shared_bytes = attributes.sharedSizeBytes,
                         .local_bytes = attributes.localSizeBytes,
                         .block = attributes.maxThreadsPerBlock};
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, result.block, 0),
        "cudaOccupancyMaxActiveBlocksPerMultiprocessor");
  result.occupancy = static_cast<double>(blocks) * result.block / threads_per_multiprocessor;
  return result;
}

}  // namespace

std::vector<KernelResources> kernel_resources(Device device) {
  static_cast<void>(context(device));  // which loads them
  const DeviceGuard guard(device.index);
  int threads = 0;
  check(cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, device.index),
        "cudaDeviceGetAttribute");
  std::vector<KernelResources> result;
  for (const KernelEntry* entry = KernelEntry::first(); entry != nullptr; entry = entry->next()) {
    result.push_back(resources_of(entry->function(), threads));
  }
  std::ranges::sort(result, {}, &KernelResources::name);
  return result;
}

}  // namespace keen::device::cuda
