// cuda_runtime_api.h, "Memory Management": memory of devices and page-locked memory of the host.
#include "tests/sim/core/memory.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "tests/sim/core/settings.h"
#include "tests/sim/core/stalls.h"
#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/copies.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/graph_memory.h"
#include "tests/sim/runtime/pools.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kFillBytes = 16 << 20;

struct PinnedBlock {
  std::size_t bytes;
  int device;  // current when it was made
};

std::map<const void*, PinnedBlock>& pinned_blocks() {
  static auto* blocks = new std::map<const void*, PinnedBlock>;
  return *blocks;
}

const PinnedBlock* find_pinned(const void* pointer) {
  auto next = pinned_blocks().upper_bound(pointer);
  if (next == pinned_blocks().begin()) return nullptr;
  --next;
  const auto* end = static_cast<const char*>(next->first) + next->second.bytes;
  return static_cast<const char*>(pointer) < end ? &next->second : nullptr;
}

cudaError_t allocate_host(const char* api, void** pointer, std::size_t bytes, unsigned flags) {
  if (pointer == nullptr) return fail(cudaErrorInvalidValue);
  if ((flags & ~static_cast<unsigned>(cudaHostAllocPortable)) != 0) {
    return unsupported(api, "flags " + std::to_string(flags));
  }
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  ++Machine::get().counters.host_mallocs;
  Stalls::get().check(Machine::thread().device, api);
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  *pointer = std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
  if (*pointer == nullptr) return fail(cudaErrorMemoryAllocation);
  std::memset(*pointer, 0xff, std::min(bytes, kFillBytes));  // NaN, as device memory has
  Memory::get().add_pinned(*pointer, bytes);
  pinned_blocks()[*pointer] = {bytes, Machine::thread().device};
  return cudaSuccess;
}

// Ordered by what this thread knows: work that it has not waited for is a race, or a use after
// free once it runs.
cudaError_t free_now(const Allocation& allocation) {
  Machine::Thread& thread = Machine::thread();
  Execution execution{allocation.device, thread.actor, thread.clock, "cudaFree"};
  const Address base = allocation.base;
  Memory::get().touch(execution,
                      {reinterpret_cast<const void*>(base), allocation.bytes, AccessKind::kFree});
  return_to_pool(base);
  return fail(Machine::get().sticky());
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMalloc")) return error;
  if (pointer == nullptr) return fail(cudaErrorInvalidValue);
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  ++Machine::get().counters.mallocs;
  Stalls::get().check(Machine::thread().device, "cudaMalloc");
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;  // unsourced
  const Address base = Memory::get().allocate(Machine::thread().device, bytes,
                                              AllocationKind::kMalloc, "cudaMalloc");
  if (base == 0) return fail(cudaErrorMemoryAllocation);
  *pointer = reinterpret_cast<void*>(base);
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaFree")) return error;
  if (pointer == nullptr) return cudaSuccess;
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  ++Machine::get().counters.frees;
  const auto base = reinterpret_cast<Address>(pointer);
  const Allocation* allocation = Memory::get().find(base);
  const bool valid = is_left_by_graph(base) || is_pool_block(base) || is_plain_block(base);
  if (!valid) {
    Machine::get().report("free", "cudaFree of what is not, or no longer, allocated");
    return fail(cudaErrorInvalidValue);
  }
  // Memory of a pool is freed without waiting: all accesses must have ended (cuda.h, cuMemFree).
  // That other memory waits for its device is what that sentence implies.
  free_left_by_graph(base);
  if (allocation->kind == AllocationKind::kMalloc) {
    ++Machine::get().counters.hidden_syncs;
    Stalls::get().check(allocation->device, "cudaFree");
    if (const cudaError_t error = wait_for_device(allocation->device)) return fail(error);
  }
  return free_now(*allocation);
}

cudaError_t cudaMallocManaged(void** pointer, size_t, unsigned) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMallocManaged")) return error;
  if (pointer != nullptr) *pointer = nullptr;
  return unsupported("cudaMallocManaged", "managed memory");
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMallocHost")) return error;
  return allocate_host("cudaMallocHost", pointer, bytes, cudaHostAllocDefault);
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaHostAlloc")) return error;
  return allocate_host("cudaHostAlloc", pointer, bytes, flags);
}

cudaError_t cudaFreeHost(void* pointer) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaFreeHost")) return error;
  Stalls::get().check(Machine::thread().device, "cudaFreeHost");
  if (pointer == nullptr) return cudaSuccess;
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  const auto block = pinned_blocks().find(pointer);
  if (block == pinned_blocks().end()) {
    Machine::get().report("free", "cudaFreeHost of what is not page-locked memory");
    return fail(cudaErrorInvalidValue);
  }
  const std::size_t bytes = block->second.bytes;
  if (has_pending_copy(pointer, bytes)) {
    Machine::get().report("use-after-free",
                          "cudaFreeHost of memory that a copy still has to read or write");
    run_until([&] { return !has_pending_copy(pointer, bytes); });
  }
  pinned_blocks().erase(pointer);
  Memory::get().remove_pinned(pointer);
  std::free(pointer);
  return fail(Machine::get().sticky());
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemGetInfo")) return error;
  if (free_bytes == nullptr || total == nullptr) return fail(cudaErrorInvalidValue);
  const int device = Machine::thread().device;
  const std::size_t unused = Memory::get().free_bytes(device);
  *free_bytes = unused - std::min(unused, cached_pool_bytes(device));
  *total = settings().memory;
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaPointerGetAttributes")) return error;
  if (attributes == nullptr) return fail(cudaErrorInvalidValue);
  *attributes = {};
  attributes->type = cudaMemoryTypeUnregistered;
  attributes->device = cudaInvalidDeviceId;  // unsourced
  auto* address = const_cast<void*>(pointer);
  if (is_device_address(pointer)) {
    const Allocation* allocation = Memory::get().find(reinterpret_cast<Address>(pointer));
    if (allocation == nullptr || !allocation->live) return fail(cudaErrorInvalidValue);
    attributes->type = cudaMemoryTypeDevice;
    attributes->device = allocation->device;
    attributes->devicePointer = address;
  } else if (const PinnedBlock* block = find_pinned(pointer)) {
    attributes->type = cudaMemoryTypeHost;
    attributes->device = block->device;
    attributes->devicePointer = attributes->hostPointer = address;
  } else {
    attributes->hostPointer = address;
  }
  return cudaSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
