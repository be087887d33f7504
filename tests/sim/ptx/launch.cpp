#include "tests/sim/core/launch.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/model.h"
#include "tests/sim/core/operation.h"
#include "tests/sim/core/stalls.h"
#include "tests/sim/ptx/loader.h"
#include "tests/sim/ptx/occupancy.h"
#include "tests/sim/ptx/warp.h"

namespace keen::sim {
namespace {

using ptx::Function;
using ptx::Kernel;

// cuda.h, cuKernelSetAttribute: the attribute belongs to a kernel on a device.
std::size_t shared_limit(const Kernel& kernel, int device) {
  return std::max(kernel.shared_limits[static_cast<std::size_t>(device)],
                  DeviceModel::kSharedPerBlock);
}

// CUDA C++ Programming Guide, "Lazy Loading": a kernel is loaded when it is first used on a device.
// Whether that was new.
bool load_on(Kernel& kernel, int device, const char* use) {
  const unsigned bit = 1U << static_cast<unsigned>(device);
  if ((kernel.loaded_on & bit) != 0) return false;
  kernel.loaded_on |= bit;
  Stalls::get().check(device, std::string(use) + ", which loads " + kernel.title + ",");
  return true;
}

cudaError_t find_and_load(const void* stub, Kernel** kernel, const Function** function) {
  *kernel = ptx::find_kernel(stub);
  if (*kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  *function = ptx::load(**kernel);
  if (*function == nullptr) return cudaErrorInvalidKernelImage;
  load_on(**kernel, Machine::thread().device, "a call for its attributes");
  return cudaSuccess;
}

// CUDA C++ Programming Guide, "Technical Specifications per Compute Capability".
cudaError_t check_shape(dim3 grid, dim3 block) {
  using M = DeviceModel;
  const auto threads = std::uint64_t{block.x} * block.y * block.z;
  const bool grid_fits = grid.x != 0 && grid.y != 0 && grid.z != 0 && grid.x <= M::kGridX &&
                         grid.y <= M::kGridY && grid.z <= M::kGridZ;
  const bool block_fits = threads != 0 && threads <= M::kThreadsPerBlock && block.z <= M::kBlockZ;
  return grid_fits && block_fits ? cudaSuccess : cudaErrorInvalidConfiguration;
}

// PTX ISA 9.0, ".maxntid": a block of more threads is a run-time error or fails to launch.
bool is_within_bounds(const Function& function, int threads) {
  return function.max_threads == 0 || threads <= function.max_threads;
}

cudaError_t check_resources(const Kernel& kernel, const Function& function, int device, int threads,
                            std::size_t dynamic) {
  const std::size_t limit = shared_limit(kernel, device);
  // unsourced: the codes for too many threads, too much shared memory, too many parameters
  if (!is_within_bounds(function, threads)) return cudaErrorInvalidValue;
  if (function.shared_bytes_with(dynamic) > limit) return cudaErrorInvalidValue;
  // driver_types.h, cudaErrorLaunchOutOfResources: too many threads for the kernel's registers
  if (ptx::occupancy(kernel, function, threads, dynamic, limit).by_registers == 0)
    return cudaErrorLaunchOutOfResources;
  if (function.parameter_bytes > model().parameter_bytes()) return cudaErrorInvalidValue;
  return cudaSuccess;
}

void run_grid(ptx::Grid grid, Execution& execution, const std::string& title) {
  grid.execution = &execution;
  ptx::KernelProfile& profile = ptx::kernel_profile(title);
  if (ptx::profiling()) grid.profile = &profile;
  grid.coverage->launched(*grid.function);
  grid.run();
  Machine& machine = Machine::get();
  machine.counters.ptx_instructions += static_cast<long long>(grid.lane_instructions);
  profile.launched(grid.blocks, grid.threads, static_cast<long long>(grid.instructions),
                   static_cast<long long>(grid.lane_instructions), grid.profile != nullptr);
  grid.footprint.each_run([&](Address low, Address high, bool write) {
    if (machine.sticky() != cudaSuccess) return;
    Memory::get().touch_run(execution, {reinterpret_cast<const void*>(low), high - low,
                                        write ? AccessKind::kWrite : AccessKind::kRead});
  });
}

}  // namespace

cudaError_t launch_kernel(const void* stub, dim3 blocks, dim3 threads, void** arguments,
                          std::size_t dynamic_shared, cudaStream_t stream) {
  Machine& machine = Machine::get();
  Kernel* kernel = ptx::find_kernel(stub);
  if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  if (const cudaError_t error = check_shape(blocks, threads)) return error;
  const int device = stream_device(stream);
  // cudaLaunchKernel: "the stream must be of the current device"
  if (device != machine.thread().device) return cudaErrorInvalidResourceHandle;
  const Function* function = ptx::load(*kernel);
  if (function == nullptr) return cudaErrorInvalidKernelImage;
  const auto count = static_cast<int>(threads.x * threads.y * threads.z);
  if (const cudaError_t error = check_resources(*kernel, *function, device, count, dynamic_shared))
    return error;
  if (!ptx::place_variables(*kernel->loaded->module, device)) return cudaErrorMemoryAllocation;
  if (load_on(*kernel, device, "the first launch")) ++machine.counters.lazy_loads;

  ptx::Grid grid;
  grid.module = kernel->loaded->module.get();
  grid.function = function;
  grid.coverage = &kernel->coverage;
  grid.blocks = blocks;
  grid.threads = threads;
  grid.dynamic_shared = dynamic_shared;
  grid.parameters.resize(function->parameter_bytes);
  for (std::size_t k = 0; k < function->parameter_offsets.size(); ++k) {
    std::memcpy(grid.parameters.data() + function->parameter_offsets[k], arguments[k],
                function->parameter_sizes[k]);
  }
  Operation operation;
  operation.name = kernel->title;
  operation.body = [grid = std::move(grid), title = kernel->title](Execution& execution) {
    run_grid(grid, execution, title);
  };
  return enqueue(stream, std::move(operation));
}

cudaError_t active_blocks(int* blocks, const void* stub, int threads, std::size_t dynamic_shared) {
  Kernel* kernel = nullptr;
  const Function* function = nullptr;
  if (const cudaError_t error = find_and_load(stub, &kernel, &function)) return error;
  // cuda_runtime_api.h, cudaOccupancyMaxActiveBlocksPerMultiprocessor, names the code.
  if (threads <= 0 || threads > DeviceModel::kThreadsPerBlock) return cudaErrorInvalidValue;
  const std::size_t limit = shared_limit(*kernel, Machine::thread().device);
  *blocks = is_within_bounds(*function, threads)
                ? ptx::occupancy(*kernel, *function, threads, dynamic_shared, limit).blocks
                : 0;  // unsourced: it cannot be launched
  return cudaSuccess;
}

cudaError_t function_attributes(cudaFuncAttributes* attributes, const void* stub) {
  Kernel* kernel = nullptr;
  const Function* function = nullptr;
  if (const cudaError_t error = find_and_load(stub, &kernel, &function)) return error;
  const auto resources = ptx::resources_of(*kernel);
  *attributes = {};
  attributes->sharedSizeBytes = function->shared_bytes;
  attributes->localSizeBytes = static_cast<std::size_t>(resources.stack_bytes);
  attributes->numRegs = resources.registers;
  attributes->ptxVersion = kernel->loaded->module->architecture;
  attributes->binaryVersion = model().architecture();
  attributes->maxThreadsPerBlock =
      function->max_threads != 0 ? function->max_threads : DeviceModel::kThreadsPerBlock;
  attributes->maxDynamicSharedSizeBytes =
      static_cast<int>(shared_limit(*kernel, Machine::thread().device) - function->shared_bytes);
  return cudaSuccess;
}

const char* function_name(const void* stub) {
  const Kernel* kernel = ptx::find_kernel(stub);
  return kernel == nullptr ? nullptr : kernel->symbol.c_str();
}

cudaError_t set_function_attribute(const void* stub, cudaFuncAttribute attribute, int value) {
  Kernel* kernel = ptx::find_kernel(stub);
  if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;  // "a hint"
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) {
    Machine::get().report("unsupported",
                          "cudaFuncSetAttribute: attribute " + std::to_string(attribute));
    return cudaErrorNotSupported;
  }
  const Function* function = ptx::load(*kernel);
  if (function == nullptr) return cudaErrorInvalidKernelImage;
  // cuda_runtime_api.h, cudaFuncSetAttribute: static and dynamic memory together within
  // cudaDevAttrMaxSharedMemoryPerBlockOptin.
  const auto bytes = static_cast<std::size_t>(std::max(value, 0));
  if (value < 0 || function->shared_bytes + bytes > model().shared_per_block_optin)
    return cudaErrorInvalidValue;
  kernel->shared_limits[static_cast<std::size_t>(Machine::thread().device)] =
      function->shared_bytes + bytes;
  return cudaSuccess;
}

}  // namespace keen::sim
