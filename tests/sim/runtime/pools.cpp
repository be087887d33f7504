// cuda_runtime_api.h, "Stream Ordered Memory Allocator": which codes a call may give. Which of them
// stands for which fault, and findings beside them, are unsourced unless said.
#include "tests/sim/runtime/pools.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "tests/sim/core/settings.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/graph_memory.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

struct Block {
  CUmemPoolHandle_st* pool;
  std::size_t bytes;
  bool freed = false;  // by a call; the stream may not have come to it
  Actor actor = 0;     // of that stream, and the work there that frees it
  Tick tick = 0;
};

std::map<Address, Block>& blocks() {
  static auto* all = new std::map<Address, Block>;
  return *all;
}

void trim(Pool& pool, unsigned long long keep) {
  pool.reserved = std::min(pool.reserved, std::max(pool.used, keep));
}

// Bytes of the pool that earlier work frees, of this stream, or of others where the pool follows
// events (Programming Guide, "Physical Page Caching Behavior" and "Reuse Policies"): an allocation
// that comes after it finds them free.
std::size_t freed_before(const CUmemPoolHandle_st* pool, const Stream& stream) {
  Clock known = stream.clock;
  known.join(Machine::thread().clock);
  const bool follows = pool->reuse[cudaMemPoolReuseFollowEventDependencies] != 0;
  std::size_t bytes = 0;
  for (const auto& [base, block] : blocks()) {
    if (!block.freed || block.pool != pool) continue;
    const bool ordered =
        block.actor == stream.actor || (follows && known.covers(block.actor, block.tick));
    if (ordered) bytes += block.bytes;
  }
  return bytes;
}

// The block is there at once; its contents, for other streams, only after the operation.
Operation allocation_operation(void* base, std::size_t bytes) {
  Operation operation;
  operation.name = "cudaMallocAsync";
  operation.body = [base, bytes](Execution& execution) {
    execution.device = device_of(reinterpret_cast<Address>(base));
    Memory::get().touch(execution, {base, bytes, AccessKind::kAllocate});
  };
  return operation;
}

cudaError_t allocate(const char* api, void** pointer, std::size_t bytes, CUmemPoolHandle_st* pool,
                     Stream& stream) {
  if (pointer == nullptr) return fail(cudaErrorInvalidValue);
  *pointer = nullptr;
  if (stream.capture != nullptr) {
    return fail(capture_allocation(api, pointer, bytes, *pool, stream));
  }
  ++Machine::get().counters.async_mallocs;
  if (bytes == 0) return cudaSuccess;
  const std::size_t credit = freed_before(pool, stream);
  if (pool->limit != 0 && pool->used + bytes > pool->limit + credit) {
    return fail(cudaErrorMemoryAllocation);
  }
  const Address base =
      Memory::get().allocate(pool->device, bytes, AllocationKind::kPool, api, credit);
  if (base == 0) return fail(cudaErrorMemoryAllocation);
  Memory::get().find(base)->reachable = pool->reachable;
  *pointer = reinterpret_cast<void*>(base);
  blocks()[base] = {.pool = pool, .bytes = bytes};
  pool->used += bytes;
  pool->used_high = std::max(pool->used_high, pool->used);
  pool->reserved = std::max(pool->reserved, pool->used);
  pool->reserved_high = std::max(pool->reserved_high, pool->reserved);
  return fail(submit(stream, allocation_operation(*pointer, bytes)));
}

cudaError_t free_later(void* pointer, Stream& stream) {
  if (stream.capture != nullptr) return fail(capture_free(pointer, stream));
  const auto base = reinterpret_cast<Address>(pointer);
  const Allocation* allocation = Memory::get().find(base);
  const auto block = blocks().find(base);
  const bool in_use = is_left_by_graph(base) || is_pool_block(base) || is_plain_block(base);
  if (!in_use) {
    Machine::get().report("free", "cudaFreeAsync of what is not, or no longer, allocated");
    return fail(cudaErrorInvalidValue);
  }
  ++Machine::get().counters.async_frees;
  free_left_by_graph(base);
  if (block != blocks().end()) block->second.freed = true;
  Operation operation;
  operation.name = "cudaFreeAsync";
  operation.body = [pointer, base, bytes = allocation->bytes](Execution& execution) {
    execution.device = device_of(base);
    if (Memory::get().touch(execution, {pointer, bytes, AccessKind::kFree})) return_to_pool(base);
  };
  const cudaError_t error = submit(stream, std::move(operation));
  if (block != blocks().end()) {
    block->second.actor = stream.actor;
    block->second.tick = stream.clock.at(stream.actor);
  }
  return fail(error);
}

cudaError_t read_attribute(const Pool& pool, cudaMemPoolAttr attribute, void* value) {
  auto* number = static_cast<unsigned long long*>(value);
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
    case cudaMemPoolReuseAllowOpportunistic:
    case cudaMemPoolReuseAllowInternalDependencies:
      *static_cast<int*>(value) = pool.reuse[static_cast<std::size_t>(attribute)];
      return cudaSuccess;
    case cudaMemPoolAttrReleaseThreshold:
      *number = pool.threshold;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemCurrent:
      *number = pool.reserved;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:
      *number = pool.reserved_high;
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemCurrent:
      *number = pool.used;
      return cudaSuccess;
    case cudaMemPoolAttrUsedMemHigh:
      *number = pool.used_high;
      return cudaSuccess;
  }
  return unsupported("cudaMemPoolGetAttribute", "attribute " + std::to_string(attribute));
}

cudaError_t write_attribute(Pool& pool, cudaMemPoolAttr attribute, const void* value) {
  const auto* number = static_cast<const unsigned long long*>(value);
  switch (attribute) {
    case cudaMemPoolReuseFollowEventDependencies:
    case cudaMemPoolReuseAllowOpportunistic:
    case cudaMemPoolReuseAllowInternalDependencies:
      // No address is ever given out twice here, so that these only keep what was set.
      pool.reuse[static_cast<std::size_t>(attribute)] = *static_cast<const int*>(value);
      return cudaSuccess;
    case cudaMemPoolAttrReleaseThreshold:
      pool.threshold = *number;
      return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:
    case cudaMemPoolAttrUsedMemHigh: {
      if (*number != 0) return fail(cudaErrorInvalidValue);
      const bool used = attribute == cudaMemPoolAttrUsedMemHigh;
      (used ? pool.used_high : pool.reserved_high) = used ? pool.used : pool.reserved;
      return cudaSuccess;
    }
    case cudaMemPoolAttrReservedMemCurrent:
    case cudaMemPoolAttrUsedMemCurrent:
      return fail(cudaErrorInvalidValue);
  }
  return unsupported("cudaMemPoolSetAttribute", "attribute " + std::to_string(attribute));
}

cudaError_t set_access(Pool& pool, const cudaMemAccessDesc& wanted) {
  const int device = wanted.location.id;
  if (wanted.location.type != cudaMemLocationTypeDevice) {
    return unsupported("cudaMemPoolSetAccess",
                       "location type " + std::to_string(wanted.location.type));
  }
  if (!is_device(device)) return fail(cudaErrorInvalidDevice);
  if (wanted.flags == cudaMemAccessFlagsProtRead) {
    return unsupported("cudaMemPoolSetAccess", "flags cudaMemAccessFlagsProtRead");
  }
  // A pool's own device cannot lose its access.
  if (device == pool.device) {
    return fail(wanted.flags == cudaMemAccessFlagsProtNone ? cudaErrorInvalidValue : cudaSuccess);
  }
  if (wanted.flags == cudaMemAccessFlagsProtReadWrite && !settings().peers) {
    return fail(cudaErrorPeerAccessUnsupported);  // unsourced
  }
  pool.access[static_cast<std::size_t>(device)] = wanted.flags;
  const std::uint32_t bit = std::uint32_t{1} << device;
  *pool.reachable &= ~bit;
  if (wanted.flags == cudaMemAccessFlagsProtReadWrite) *pool.reachable |= bit;
  return cudaSuccess;
}

cudaError_t default_pool(cudaMemPool_t* pool, int device) {
  if (pool == nullptr) return fail(cudaErrorInvalidValue);
  if (!is_device(device)) return fail(cudaErrorInvalidDevice);
  *pool = Runtime::get().default_pools[static_cast<std::size_t>(device)];
  return cudaSuccess;
}

}  // namespace

void release_pools(int device) {
  for (Pool* pool : Runtime::get().pools.live()) {
    if (pool->device == device) trim(*pool, pool->threshold);
  }
}

std::size_t cached_pool_bytes(int device) {
  std::size_t bytes = 0;
  for (const Pool* pool : Runtime::get().pools.live()) {
    if (pool->device == device) bytes += pool->reserved - pool->used;
  }
  return bytes;
}

void return_to_pool(Address base) {
  const auto block = blocks().find(base);
  if (block == blocks().end()) return;
  // A pool may be destroyed before its blocks are freed.
  if (Runtime::get().pools.find(block->second.pool) != nullptr) {
    block->second.pool->used -= block->second.bytes;
  }
  blocks().erase(block);
}

bool is_pool_block(Address base) {
  const auto block = blocks().find(base);
  return block != blocks().end() && !block->second.freed;
}

bool is_plain_block(Address base) {
  const Allocation* allocation = Memory::get().find(base);
  return allocation != nullptr && allocation->base == base && allocation->live &&
         allocation->kind == AllocationKind::kMalloc;
}

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMallocAsync")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  return allocate("cudaMallocAsync", pointer, bytes,
                  Runtime::get().default_pools[static_cast<std::size_t>(found->device)], *found);
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, size_t bytes, cudaMemPool_t pool,
                                    cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMallocFromPoolAsync")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (Runtime::get().pools.find(pool) == nullptr) return fail(cudaErrorInvalidValue);
  return allocate("cudaMallocFromPoolAsync", pointer, bytes, pool, *found);
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaFreeAsync")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (pointer == nullptr) return cudaSuccess;
  return free_later(pointer, *found);
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceGetDefaultMemPool")) return error;
  return default_pool(pool, device);
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t* pool, int device) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceGetMemPool")) return error;
  return default_pool(pool, device);
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemPoolCreate")) return error;
  if (pool == nullptr || properties == nullptr) return fail(cudaErrorInvalidValue);
  const cudaMemLocation& location = properties->location;
  if (properties->allocType != cudaMemAllocationTypePinned ||
      properties->handleTypes != cudaMemHandleTypeNone ||
      location.type != cudaMemLocationTypeDevice || properties->usage != 0) {
    return unsupported("cudaMemPoolCreate", "a pool that is not plain memory of one device");
  }
  if (!is_device(location.id)) return fail(cudaErrorInvalidDevice);
  *pool = Runtime::get().pools.make();
  (*pool)->device = location.id;
  (*pool)->limit = properties->maxSize;
  return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemPoolDestroy")) return error;
  const Pool* found = Runtime::get().pools.find(pool);
  if (found == nullptr || found->is_default) return fail(cudaErrorInvalidValue);
  Runtime::get().pools.destroy(pool);
  return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t keep) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemPoolTrimTo")) return error;
  Pool* found = Runtime::get().pools.find(pool);
  if (found == nullptr) return fail(cudaErrorInvalidValue);
  trim(*found, keep);
  return cudaSuccess;
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemPoolGetAttribute")) return error;
  const Pool* found = Runtime::get().pools.find(pool);
  if (found == nullptr || value == nullptr) return fail(cudaErrorInvalidValue);
  return read_attribute(*found, attribute, value);
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemPoolSetAttribute")) return error;
  Pool* found = Runtime::get().pools.find(pool);
  if (found == nullptr || value == nullptr) return fail(cudaErrorInvalidValue);
  return write_attribute(*found, attribute, value);
}

cudaError_t cudaMemPoolSetAccess(cudaMemPool_t pool, const cudaMemAccessDesc* wanted,
                                 size_t count) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaMemPoolSetAccess")) return error;
  Pool* found = Runtime::get().pools.find(pool);
  if (found == nullptr || (wanted == nullptr && count != 0)) return fail(cudaErrorInvalidValue);
  for (size_t i = 0; i < count; ++i) {
    if (const cudaError_t error = set_access(*found, wanted[i])) return error;
  }
  return cudaSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
