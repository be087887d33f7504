// The caching allocator of a GPU's memory.
//
// Segments of at least 2 MiB come from a pool of its own (cudaMallocFromPoolAsync on the compute
// stream) and stay; blocks are parts of them, aligned to 512 bytes. A block that is given back is
// free at once for the compute stream, whose order keeps the uses apart. One that another stream
// has used is free after the events that mark these uses.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/device/block_cache.h"
#include "runtime/device/cuda/event_log.h"
#include "runtime/device/cuda/nvtx_memory.h"
#include "runtime/device/device_context.h"

namespace keen::device::cuda {

class Allocator {
 public:
  enum class Mode {
    kCaching,
    kDirect,  // KEEN_CUDA_ALLOCATOR=direct: every block by cudaMallocAsync, for tools that check
              // bounds
  };

  // The device must be current in all calls.
  Allocator(Device device, cudaStream_t stream, EventLog& events);
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // ResourceExhaustedError, after the cache has been trimmed once, with what is held.
  [[nodiscard]] void* allocate(std::size_t bytes);
  void deallocate(void* block) noexcept;
  // Says that work on another stream, enqueued until now, uses the block.
  void used_on(void* block, Stream stream);
  [[nodiscard]] MemoryStats stats() const;
  void reset_peak();
  void trim();
  // Lets another GPU read and write what is allocated here, now and later; nothing where the two
  // cannot reach each other, and copies go another way.
  void let_access(Device peer);
  void set_limit(std::size_t bytes);  // 0: none

 private:
  // Who asked for a block, and how large it is.
  struct Held {
    std::size_t* total;  // of its scope, in holders_
    std::size_t bytes;
  };
  struct Waiting {
    void* block;
    std::vector<Event> uses;
  };

  [[nodiscard]] void* allocate_block(std::size_t bytes);
  [[nodiscard]] void* find_block(std::size_t bytes, std::size_t segment_bytes);
  [[nodiscard]] void* take_from_pool(std::size_t bytes);
  void release(void* block);
  void collect_waiting();
  void trim_locked();
  [[nodiscard]] std::size_t reserved() const;
  [[nodiscard]] std::size_t in_use() const;
  void hold(void* block, std::size_t bytes);
  [[nodiscard]] std::string largest_holders() const;
  [[noreturn]] void exhausted(std::size_t bytes);

  const Device device_;
  cudaStream_t stream_;
  EventLog& events_;
  const Mode mode_;
  cudaMemPool_t pool_ = nullptr;
  NvtxMemory nvtx_;
  mutable std::mutex mutex_;
  BlockCache cache_;
  std::size_t direct_bytes_ = 0;                          // in blocks, in Mode::kDirect
  std::unordered_map<std::string, std::size_t> holders_;  // bytes by the scope that asked for them
  std::unordered_map<void*, Held> held_;
  std::unordered_map<void*, std::vector<Event>> uses_;  // of blocks that other streams have used
  std::vector<Waiting> waiting_;
  std::size_t limit_ = 0;
  std::uint64_t peers_ = 0;  // bits of those that were asked for
  std::size_t peak_ = 0;
  std::int64_t allocations_ = 0;
};

}  // namespace keen::device::cuda
