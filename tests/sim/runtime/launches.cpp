// cuda_runtime_api.h, "Execution Control" and "Occupancy": the entries; ptx/ does the work.
#include <cuda_runtime_api.h>

#include <string>

#include "tests/sim/core/launch.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

cudaError_t launch(const void* function, dim3 grid, dim3 block, void** arguments,
                   std::size_t dynamic_shared, cudaStream_t stream) {
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  // Programming Guide, "Stream and Event Behavior": a launch fails where the stream is not of the
  // current device. Copies and fills do not.
  if (found->device != Machine::thread().device) return fail(cudaErrorInvalidResourceHandle);
  const bool captured = found->capture != nullptr;
  if (const cudaError_t error =
          launch_kernel(function, grid, block, arguments, dynamic_shared, stream)) {
    return fail(error);
  }
  if (!captured) ++Machine::get().counters.kernel_launches;
  return cudaSuccess;
}

cudaError_t occupancy(int* blocks, const void* function, int threads, std::size_t dynamic_shared) {
  if (blocks == nullptr || threads <= 0) return fail(cudaErrorInvalidValue);
  return fail(active_blocks(blocks, function, threads, dynamic_shared));
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                             size_t dynamic_shared, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaLaunchKernel")) return error;
  return launch(function, grid, block, arguments, dynamic_shared, stream);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function,
                                void** arguments) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaLaunchKernelExC")) return error;
  if (config == nullptr) return fail(cudaErrorInvalidValue);
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const cudaLaunchAttributeID id = config->attrs[i].id;
    if (id == cudaLaunchAttributeIgnore) continue;
    return unsupported("cudaLaunchKernelExC", "launch attribute " + std::to_string(id));
  }
  return launch(function, config->gridDim, config->blockDim, arguments, config->dynamicSmemBytes,
                config->stream);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaFuncGetAttributes")) return error;
  if (attributes == nullptr) return fail(cudaErrorInvalidValue);
  return fail(function_attributes(attributes, function));
}

cudaError_t cudaFuncGetName(const char** name, const void* function) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaFuncGetName")) return error;
  if (name == nullptr) return fail(cudaErrorInvalidValue);
  *name = function_name(function);
  return *name == nullptr ? fail(cudaErrorInvalidDeviceFunction) : cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaFuncSetAttribute")) return error;
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize &&
      attribute != cudaFuncAttributePreferredSharedMemoryCarveout) {
    return unsupported("cudaFuncSetAttribute", "attribute " + std::to_string(attribute));
  }
  return fail(set_function_attribute(function, attribute, value));
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function,
                                                          int threads, size_t dynamic_shared) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaOccupancyMaxActiveBlocksPerMultiprocessor")) {
    return error;
  }
  return occupancy(blocks, function, threads, dynamic_shared);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int* blocks, const void* function, int threads, size_t dynamic_shared, unsigned flags) {
  const Guard guard(Machine::get());
  constexpr const char* kName = "cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags";
  if (const cudaError_t error = begin(kName)) return error;
  if (flags != cudaOccupancyDefault) return unsupported(kName, "flags " + std::to_string(flags));
  return occupancy(blocks, function, threads, dynamic_shared);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
