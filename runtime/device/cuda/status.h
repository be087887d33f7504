// The one place where a status of CUDA's libraries becomes an error.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "runtime/device/device.h"

namespace keen::device::cuda {

// Throws what a failed call stands for, with the running op, its inputs and its device:
// ResourceExhaustedError for memory, InternalError else. After an error from which the process's
// CUDA state cannot recover (cudaErrorIllegalAddress and its like) check_no_fault throws, too.
void check(cudaError_t status, const char* call);

// The same where nothing may be thrown: notes a fault, and logs.
void check_quietly(cudaError_t status, const char* call) noexcept;

// Throws InternalError with the text of the first fault if a kernel of this process has faulted.
void check_no_fault();

// Whether an error stays until the process ends.
[[nodiscard]] bool is_fault(cudaError_t status);

// Whether to wait after each op, so that a fault is reported by the op that caused it
// (KEEN_CUDA_BLOCKING=1).
[[nodiscard]] bool blocking();

}  // namespace keen::device::cuda
