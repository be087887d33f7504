// cuda_runtime_api.h, "Device Management", "Peer Device Memory Access" and "Version Management".
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "tests/sim/core/memory.h"
#include "tests/sim/core/model.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

bool& peer_access(int device, int peer) {
  return Runtime::get().peers[static_cast<std::size_t>(device)][static_cast<std::size_t>(peer)];
}

// What the model has figures for; the rest is unknown, not 0.
std::optional<std::size_t> limit(cudaDeviceAttr attribute) {
  const DeviceModel& m = model();
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      return DeviceModel::kThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX:
      return DeviceModel::kBlockX;
    case cudaDevAttrMaxBlockDimY:
      return DeviceModel::kBlockY;
    case cudaDevAttrMaxBlockDimZ:
      return DeviceModel::kBlockZ;
    case cudaDevAttrMaxGridDimX:
      return DeviceModel::kGridX;
    case cudaDevAttrMaxGridDimY:
      return DeviceModel::kGridY;
    case cudaDevAttrMaxGridDimZ:
      return DeviceModel::kGridZ;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return DeviceModel::kSharedPerBlock;
    case cudaDevAttrTotalConstantMemory:
      return DeviceModel::kConstantBytes;
    case cudaDevAttrWarpSize:
      return DeviceModel::kWarpSize;
    case cudaDevAttrMaxRegistersPerBlock:
      return DeviceModel::kRegistersPerBlock;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return m.threads_per_multiprocessor;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return m.shared_per_multiprocessor;
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      return m.registers_per_multiprocessor;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      return m.shared_per_block_optin;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      return m.blocks_per_multiprocessor;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      return m.shared_reserved_per_block();
    default:
      return std::nullopt;
  }
}

std::optional<std::size_t> figure(cudaDeviceAttr attribute) {
  const DeviceModel& m = model();
  switch (attribute) {
    case cudaDevAttrClockRate:
      return m.clock_khz;
    case cudaDevAttrMultiProcessorCount:
      return m.multiprocessors;
    case cudaDevAttrMemoryClockRate:
      return m.memory_clock_khz;
    case cudaDevAttrGlobalMemoryBusWidth:
      return m.bus_bits;
    case cudaDevAttrL2CacheSize:
      return m.l2_bytes;
    case cudaDevAttrComputeCapabilityMajor:
      return m.major;
    case cudaDevAttrComputeCapabilityMinor:
      return m.minor;
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrStreamPrioritiesSupported:
    case cudaDevAttrMemoryPoolsSupported:
      return 1;
    // What the stand-in refuses.
    case cudaDevAttrIntegrated:
    case cudaDevAttrManagedMemory:
    case cudaDevAttrConcurrentManagedAccess:
    case cudaDevAttrPageableMemoryAccess:
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrClusterLaunch:
      return 0;
    default:
      return limit(attribute);
  }
}

void fill_properties(cudaDeviceProp* properties) {
  const DeviceModel& m = model();
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "%s", m.title);
  properties->totalGlobalMem = settings().memory;
  properties->sharedMemPerBlock = DeviceModel::kSharedPerBlock;
  properties->regsPerBlock = DeviceModel::kRegistersPerBlock;
  properties->warpSize = DeviceModel::kWarpSize;
  properties->maxThreadsPerBlock = DeviceModel::kThreadsPerBlock;
  properties->maxThreadsDim[0] = DeviceModel::kBlockX;
  properties->maxThreadsDim[1] = DeviceModel::kBlockY;
  properties->maxThreadsDim[2] = DeviceModel::kBlockZ;
  properties->maxGridSize[0] = static_cast<int>(DeviceModel::kGridX);
  properties->maxGridSize[1] = static_cast<int>(DeviceModel::kGridY);
  properties->maxGridSize[2] = static_cast<int>(DeviceModel::kGridZ);
  properties->totalConstMem = DeviceModel::kConstantBytes;
  properties->major = m.major;
  properties->minor = m.minor;
  properties->multiProcessorCount = m.multiprocessors;
  properties->unifiedAddressing = 1;
  properties->concurrentKernels = 1;
  properties->streamPrioritiesSupported = 1;
  properties->memoryPoolsSupported = 1;
  properties->memoryBusWidth = m.bus_bits;
  properties->l2CacheSize = m.l2_bytes;
  properties->maxThreadsPerMultiProcessor = m.threads_per_multiprocessor;
  properties->maxBlocksPerMultiProcessor = m.blocks_per_multiprocessor;
  properties->sharedMemPerMultiprocessor = m.shared_per_multiprocessor;
  properties->regsPerMultiprocessor = m.registers_per_multiprocessor;
  properties->sharedMemPerBlockOptin = m.shared_per_block_optin;
  properties->reservedSharedMemPerBlock = m.shared_reserved_per_block();
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGetDeviceCount")) return error;
  if (count == nullptr) return fail(cudaErrorInvalidValue);
  *count = settings().devices;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaSetDevice")) return error;
  if (!is_device(device)) return fail(cudaErrorInvalidDevice);
  Machine::thread().device = device;
  make_context(device);
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGetDevice")) return error;
  if (device == nullptr) return fail(cudaErrorInvalidValue);
  *device = Machine::thread().device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaGetDeviceProperties")) return error;
  if (properties == nullptr) return fail(cudaErrorInvalidValue);
  if (!is_device(device)) return fail(cudaErrorInvalidDevice);
  fill_properties(properties);
  properties->pciBusID = device + 1;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceGetAttribute")) return error;
  if (value == nullptr) return fail(cudaErrorInvalidValue);
  if (!is_device(device)) return fail(cudaErrorInvalidDevice);
  const auto known = figure(attribute);
  if (!known) {
    return unsupported("cudaDeviceGetAttribute", "attribute " + std::to_string(attribute));
  }
  *value = static_cast<int>(*known);
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceSynchronize")) return error;
  const int device = Machine::thread().device;
  if (const cudaError_t error = refuse_capturing_device(device)) return fail(error);
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  ++Machine::get().counters.device_syncs;
  return fail(wait_for_device(device));
}

cudaError_t cudaDeviceReset() {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceReset")) return error;
  return unsupported("cudaDeviceReset", "the end of a device's context");
}

cudaError_t cudaDeviceCanAccessPeer(int* can, int device, int peer) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceCanAccessPeer")) return error;
  if (can == nullptr) return fail(cudaErrorInvalidValue);
  // cuda_runtime_api.h, cudaDeviceCanAccessPeer. That every device reaches every other one is the
  // stand-in's own.
  if (!is_device(device) || !is_device(peer)) return fail(cudaErrorInvalidDevice);
  *can = device != peer && settings().peers ? 1 : 0;
  return cudaSuccess;
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceEnablePeerAccess")) return error;
  const int device = Machine::thread().device;
  // The codes: cuda_runtime_api.h, cudaDeviceEnablePeerAccess. That a device is none of its own
  // peers, and that a capture forbids the call: unsourced.
  if (flags != 0) return fail(cudaErrorInvalidValue);
  if (!is_device(peer) || peer == device) return fail(cudaErrorInvalidDevice);
  // driver_types.h: "P2P access is not supported across the given devices"
  if (!settings().peers) return fail(cudaErrorPeerAccessUnsupported);
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  if (peer_access(device, peer)) return fail(cudaErrorPeerAccessAlreadyEnabled);
  peer_access(device, peer) = true;
  Memory::get().enable_peer(device, peer);
  return cudaSuccess;
}

cudaError_t cudaDeviceDisablePeerAccess(int peer) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceDisablePeerAccess")) return error;
  const int device = Machine::thread().device;
  if (!is_device(peer) || peer == device) return fail(cudaErrorInvalidDevice);
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  // cuda_runtime_api.h, cudaDeviceDisablePeerAccess
  if (!peer_access(device, peer)) return fail(cudaErrorPeerAccessNotEnabled);
  peer_access(device, peer) = false;
  Memory::get().disable_peer(device, peer);
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDriverGetVersion")) return error;
  if (version == nullptr) return fail(cudaErrorInvalidValue);
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaRuntimeGetVersion")) return error;
  if (version == nullptr) return fail(cudaErrorInvalidValue);
  *version = CUDART_VERSION;
  return cudaSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
