#pragma once
#include <driver_types.h>
#include <vector_types.h>

#include <cstddef>

namespace keen::sim {

// What ptx/ offers to runtime/. All of it under the lock.

// cudaLaunchKernel: checks the launch against the limits of the model and the kernel's resources
// and enqueues it. The arguments are copied.
cudaError_t launch_kernel(const void* function, dim3 grid, dim3 block, void** arguments,
                          std::size_t dynamic_shared, cudaStream_t stream);

// Occupancy in blocks per multiprocessor, from the kernel's registers and shared memory.
cudaError_t active_blocks(int* blocks, const void* function, int threads,
                          std::size_t dynamic_shared);
cudaError_t function_attributes(cudaFuncAttributes* attributes, const void* function);
// As PTX names it; null: there is no such kernel.
const char* function_name(const void* function);
cudaError_t set_function_attribute(const void* function, cudaFuncAttribute attribute, int value);

// The address of a __device__ or __constant__ variable on the current device, and its bytes.
cudaError_t variable_address(void** address, std::size_t* bytes, const void* variable);

}  // namespace keen::sim
