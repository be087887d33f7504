#include "tests/sim/core/machine.h"
#include "tests/sim/core/stalls.h"
#include "tests/sim/libraries/cublas_types.h"
#include "tests/sim/libraries/library.h"

using keen::sim::enter;
using keen::sim::Guard;
using keen::sim::Machine;
using keen::sim::registry;

namespace {

bool is_live(cublasHandle_t handle) { return registry<cublasContext>().has(handle); }

// The bits of a math mode below the flags.
constexpr int kModeBits = 0xf;

struct StatusText {
  cublasStatus_t status;
  const char* name;
  const char* text;
};

// Texts: cuBLAS, "cublasGetStatusString" and "cublasStatus_t".
constexpr StatusText kStatuses[] = {
    {CUBLAS_STATUS_SUCCESS, "CUBLAS_STATUS_SUCCESS", "success"},
    {CUBLAS_STATUS_NOT_INITIALIZED, "CUBLAS_STATUS_NOT_INITIALIZED",
     "the library was not initialized"},
    {CUBLAS_STATUS_ALLOC_FAILED, "CUBLAS_STATUS_ALLOC_FAILED", "the resource allocation failed"},
    {CUBLAS_STATUS_INVALID_VALUE, "CUBLAS_STATUS_INVALID_VALUE",
     "an unsupported value or parameter was passed to the function"},
    {CUBLAS_STATUS_ARCH_MISMATCH, "CUBLAS_STATUS_ARCH_MISMATCH",
     "the function requires an architectural feature absent from the device architecture"},
    {CUBLAS_STATUS_MAPPING_ERROR, "CUBLAS_STATUS_MAPPING_ERROR",
     "an access to GPU memory space failed"},
    {CUBLAS_STATUS_EXECUTION_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED",
     "the GPU program failed to execute"},
    {CUBLAS_STATUS_INTERNAL_ERROR, "CUBLAS_STATUS_INTERNAL_ERROR", "an internal operation failed"},
    {CUBLAS_STATUS_NOT_SUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED",
     "the functionality requested is not supported"},
    {CUBLAS_STATUS_LICENSE_ERROR, "CUBLAS_STATUS_LICENSE_ERROR",
     "the functionality requested requires a license"},
};

const StatusText* find_status(cublasStatus_t status) {
  for (const auto& entry : kStatuses) {
    if (entry.status == status) return &entry;
  }
  return nullptr;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasCreate_v2")) return static_cast<cublasStatus_t>(e);
  if (handle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  if (Machine::get().sticky() != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  // cuBLAS, "cublasCreate": it allocates on the device; the status is unsourced.
  if (!keen::sim::capture_permits("cublasCreate_v2")) return CUBLAS_STATUS_ALLOC_FAILED;
  keen::sim::Stalls::get().check(Machine::thread().device, "cublasCreate_v2");
  *handle = registry<cublasContext>().make();
  (*handle)->device = Machine::thread().device;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasDestroy_v2")) return static_cast<cublasStatus_t>(e);
  return registry<cublasContext>().destroy(handle) ? CUBLAS_STATUS_SUCCESS
                                                   : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int* version) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasGetVersion_v2")) return static_cast<cublasStatus_t>(e);
  if (handle != nullptr && !is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (version == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *version = CUBLAS_VERSION;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasSetStream_v2")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!keen::sim::stream_of_device("cublasSetStream_v2", handle->device, stream)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  handle->stream = stream;
  // "unconditionally resets the cuBLAS library workspace back to the default workspace pool"
  // (cuBLAS, "cublasSetStream").
  handle->workspace = nullptr;
  handle->workspace_bytes = 0;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetStream_v2(cublasHandle_t handle, cudaStream_t* stream) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasGetStream_v2")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (stream == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *stream = handle->stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t bytes) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasSetWorkspace_v2")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  // cuBLAS, "cublasSetWorkspace".
  constexpr std::size_t kAlignment = 256;
  if (bytes != 0 &&
      !keen::sim::device_operand("cublasSetWorkspace_v2", "the workspace", workspace, kAlignment)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  handle->workspace = bytes == 0 ? nullptr : workspace;
  handle->workspace_bytes = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasSetMathMode")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  const int base = mode & kModeBits;
  const int flags = mode & ~(kModeBits | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
  if (base > CUBLAS_TF32_TENSOR_OP_MATH || flags != 0) {
    keen::sim::report_unsupported("cublasSetMathMode", "mode " + std::to_string(mode));
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  handle->math = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetMathMode(cublasHandle_t handle, cublasMath_t* mode) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasGetMathMode")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (mode == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *mode = handle->math;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasSetPointerMode_v2")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (mode == CUBLAS_POINTER_MODE_HOST) return CUBLAS_STATUS_SUCCESS;
  keen::sim::report_unsupported("cublasSetPointerMode_v2", "mode " + std::to_string(mode));
  return CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasGetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t* mode) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasGetPointerMode_v2")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (mode == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *mode = CUBLAS_POINTER_MODE_HOST;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasSetAtomicsMode")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (mode != CUBLAS_ATOMICS_NOT_ALLOWED && mode != CUBLAS_ATOMICS_ALLOWED) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  handle->atomics = mode;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t* mode) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasGetAtomicsMode")) return static_cast<cublasStatus_t>(e);
  if (!is_live(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (mode == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *mode = handle->atomics;
  return CUBLAS_STATUS_SUCCESS;
}

const char* cublasGetStatusName(cublasStatus_t status) {
  const StatusText* found = find_status(status);
  return found == nullptr ? "unknown" : found->name;
}

const char* cublasGetStatusString(cublasStatus_t status) {
  const StatusText* found = find_status(status);
  return found == nullptr ? "unknown" : found->text;
}

const char* cublasLtGetStatusName(cublasStatus_t status) { return cublasGetStatusName(status); }

const char* cublasLtGetStatusString(cublasStatus_t status) { return cublasGetStatusString(status); }

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
