#include "tests/sim/ptx/occupancy.h"

#include <cuda_occupancy.h>

#include <stdexcept>

#include "tests/sim/core/model.h"

namespace keen::sim::ptx {
namespace {

cudaOccDeviceProp properties() {
  const DeviceModel& m = model();
  cudaOccDeviceProp made;
  made.computeMajor = m.major;
  made.computeMinor = m.minor;
  made.maxThreadsPerBlock = DeviceModel::kThreadsPerBlock;
  made.maxThreadsPerMultiprocessor = m.threads_per_multiprocessor;
  made.regsPerBlock = DeviceModel::kRegistersPerBlock;
  made.regsPerMultiprocessor = m.registers_per_multiprocessor;
  made.warpSize = DeviceModel::kWarpSize;
  made.sharedMemPerBlock = DeviceModel::kSharedPerBlock;
  made.sharedMemPerMultiprocessor = m.shared_per_multiprocessor;
  made.numSms = m.multiprocessors;
  made.sharedMemPerBlockOptin = m.shared_per_block_optin;
  made.reservedSharedMemPerBlock = m.shared_reserved_per_block();
  return made;
}

}  // namespace

Occupancy occupancy(const Kernel& kernel, const Function& function, int threads,
                    std::size_t dynamic_shared, std::size_t shared_limit) {
  const cudaOccDeviceProp device = properties();
  const cudaOccDeviceState state;
  cudaOccFuncAttributes attributes;
  attributes.maxThreadsPerBlock =
      function.max_threads != 0 ? function.max_threads : DeviceModel::kThreadsPerBlock;
  attributes.numRegs = resources_of(kernel).registers;
  attributes.sharedSizeBytes = function.shared_bytes;
  attributes.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
  attributes.maxDynamicSharedSizeBytes = shared_limit - function.shared_bytes;
  attributes.numBlockBarriers = 1;
  cudaOccResult result = {};
  const std::size_t dynamic = function.shared_bytes_with(dynamic_shared) - function.shared_bytes;
  if (cudaOccMaxActiveBlocksPerMultiprocessor(&result, &device, &attributes, &state, threads,
                                              dynamic) != CUDA_OCC_SUCCESS) {
    throw std::logic_error("cuda_occupancy.h does not know the model");
  }
  return {result.activeBlocksPerMultiprocessor, result.blockLimitRegs};
}

}  // namespace keen::sim::ptx
