#include <cstdio>

#include "tests/sim/core/stalls.h"
#include "tests/sim/libraries/cudnn_types.h"

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

namespace {

struct StatusName {
  cudnnStatus_t status;
  const char* name;
};

constexpr StatusName kStatuses[] = {
    {CUDNN_STATUS_SUCCESS, "CUDNN_STATUS_SUCCESS"},
    {CUDNN_STATUS_NOT_INITIALIZED, "CUDNN_STATUS_NOT_INITIALIZED"},
    {CUDNN_STATUS_BAD_PARAM, "CUDNN_STATUS_BAD_PARAM"},
    {CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "CUDNN_STATUS_BAD_PARAM_NULL_POINTER"},
    {CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER"},
    {CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, "CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT"},
    {CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH, "CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH"},
    {CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH"},
    {CUDNN_STATUS_NOT_SUPPORTED, "CUDNN_STATUS_NOT_SUPPORTED"},
    {CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, "CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH"},
    {CUDNN_STATUS_INTERNAL_ERROR, "CUDNN_STATUS_INTERNAL_ERROR"},
    {CUDNN_STATUS_ALLOC_FAILED, "CUDNN_STATUS_ALLOC_FAILED"},
    {CUDNN_STATUS_EXECUTION_FAILED, "CUDNN_STATUS_EXECUTION_FAILED"},
};

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

size_t cudnnGetVersion(void) { return CUDNN_VERSION; }

size_t cudnnGetCudartVersion(void) { return CUDART_VERSION; }

const char* cudnnGetErrorString(cudnnStatus_t status) {
  for (const auto& entry : kStatuses) {
    if (entry.status == status) return entry.name;
  }
  return "CUDNN_UNKNOWN_STATUS";
}

void cudnnGetLastErrorString(char* message, size_t max_size) {
  if (message != nullptr && max_size != 0) std::snprintf(message, max_size, "%s", "");
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  const Guard guard(Machine::get());
  if (const int e = enter("cudnnCreate")) return static_cast<cudnnStatus_t>(e);
  if (handle == nullptr) return CUDNN_STATUS_BAD_PARAM;
  if (Machine::get().sticky() != cudaSuccess) return CUDNN_STATUS_NOT_INITIALIZED;
  // cuDNN, "cudnnCreate": it allocates on the device; the status is unsourced.
  if (!capture_permits("cudnnCreate")) return CUDNN_STATUS_ALLOC_FAILED;
  Stalls::get().check(Machine::thread().device, "cudnnCreate");
  *handle = registry<cudnnContext>().make();
  (*handle)->device = Machine::thread().device;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  const Guard guard(Machine::get());
  if (const int e = enter("cudnnDestroy")) return static_cast<cudnnStatus_t>(e);
  return registry<cudnnContext>().destroy(handle) ? CUDNN_STATUS_SUCCESS
                                                  : CUDNN_STATUS_NOT_INITIALIZED;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t streamId) {
  const Guard guard(Machine::get());
  if (const int e = enter("cudnnSetStream")) return static_cast<cudnnStatus_t>(e);
  if (!registry<cudnnContext>().has(handle)) return CUDNN_STATUS_NOT_INITIALIZED;
  if (!stream_of_device("cudnnSetStream", handle->device, streamId)) {
    return CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH;
  }
  handle->stream = streamId;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t* streamId) {
  const Guard guard(Machine::get());
  if (const int e = enter("cudnnGetStream")) return static_cast<cudnnStatus_t>(e);
  if (!registry<cudnnContext>().has(handle)) return CUDNN_STATUS_NOT_INITIALIZED;
  if (streamId == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *streamId = handle->stream;
  return CUDNN_STATUS_SUCCESS;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
