// The caching allocator of host memory.
//
// Small blocks (up to 32 KiB) come from lists of equal sizes that each thread keeps for itself: no
// lock, no atomic read-modify-write. Larger ones come from segments mapped from the system, best
// fit, split and merged again, under one lock. Memory stays with the allocator, so that a program
// that repeats itself neither calls the system nor touches fresh pages; trim() returns free
// segments.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "runtime/device/cpu/segments.h"
#include "runtime/device/device_context.h"

namespace keen::device::cpu {

class Allocator {
 public:
  enum class Mode {
    kCaching,
    kDirect,  // every block from the system: for sanitizers, which see each block's bounds then
  };
  static constexpr int kMaxAllocators = 32;
  static constexpr std::size_t kSmallLimit = 32 * 1024;
  static constexpr int kClasses = 32;

  // `slot` (below kMaxAllocators) names the allocator in each thread's table. Allocators are never
  // destroyed: blocks may be given back as late as the end of the process.
  Allocator(int slot, Mode mode) : slot_(slot), mode_(mode) {}
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // At least `bytes`, aligned to 64; never null. ResourceExhaustedError if the system has none.
  [[nodiscard]] void* allocate(std::size_t bytes) {
    ThreadCache* cache = tls_caches_[slot_];
    if (bytes <= kSmallLimit && cache != nullptr) [[likely]] {
      const int size_class = class_of(bytes);
      if (Node* node = cache->lists[size_class]) [[likely]] {
        cache->lists[size_class] = node->next;
        --cache->lengths[size_class];
        cache->count(static_cast<std::int64_t>(class_bytes(size_class)), 1);
        return node;
      }
    }
    return allocate_slow(bytes);
  }

  void deallocate(void* block, std::size_t bytes) noexcept {
    ThreadCache* cache = tls_caches_[slot_];
    if (bytes <= kSmallLimit && cache != nullptr) [[likely]] {
      const int size_class = class_of(bytes);
      if (cache->lengths[size_class] < list_limit(size_class)) [[likely]] {
        auto* node = static_cast<Node*>(block);
        node->next = cache->lists[size_class];
        cache->lists[size_class] = node;
        ++cache->lengths[size_class];
        cache->count(-static_cast<std::int64_t>(class_bytes(size_class)), 0);
        return;
      }
    }
    deallocate_slow(block, bytes);
  }

  // Exact for what has happened on the calling thread and on threads it has synchronised with; the
  // peak may miss up to 64 KiB of small blocks per thread.
  [[nodiscard]] MemoryStats stats() const;
  void reset_peak();
  void trim();

  // Size classes: multiples of 64 up to 256, then four to each doubling.
  [[nodiscard]] static constexpr int class_of(std::size_t bytes) {
    const std::size_t units = bytes == 0 ? 1 : (bytes + 63) / 64;
    if (units <= 4) return static_cast<int>(units) - 1;
    const int shift = 61 - __builtin_clzll(units - 1);  // so that (units-1) >> shift is 4 to 7
    return 4 * shift + static_cast<int>((units - 1) >> shift);
  }
  [[nodiscard]] static constexpr std::size_t class_bytes(int size_class) {
    if (size_class < 4) return 64 * (static_cast<std::size_t>(size_class) + 1);
    const int shift = size_class / 4 - 1;
    return (static_cast<std::size_t>(size_class % 4) + 5) << (shift + 6);
  }

 private:
  struct Node {
    Node* next;
  };
  struct ThreadCache {
    Node* lists[kClasses] = {};
    std::uint32_t lengths[kClasses] = {};
    // Written by the owning thread only.
    std::atomic<std::int64_t> in_use{0};
    std::atomic<std::int64_t> allocations{0};
    std::int64_t reported = 0;  // in_use at the last look at the peak
    Allocator* owner = nullptr;

    void count(std::int64_t bytes, std::int64_t blocks) {
      const std::int64_t now = in_use.load(std::memory_order_relaxed) + bytes;
      in_use.store(now, std::memory_order_relaxed);
      allocations.store(allocations.load(std::memory_order_relaxed) + blocks,
                        std::memory_order_relaxed);
      if (now - reported > kPeakStep) [[unlikely]] {
        owner->note_small_growth(this, now);
      }
    }
  };
  struct ThreadExit;
  static constexpr std::int64_t kPeakStep = 64 * 1024;

  // How many blocks of a class a thread keeps: 256 KiB worth, at least 16, at most 1024.
  [[nodiscard]] static constexpr std::uint32_t list_limit(int size_class) {
    const std::size_t count = 256 * 1024 / class_bytes(size_class);
    return static_cast<std::uint32_t>(count < 16 ? 16 : (count > 1024 ? 1024 : count));
  }

  void* allocate_slow(std::size_t bytes);
  void deallocate_slow(void* block, std::size_t bytes) noexcept;
  [[nodiscard]] ThreadCache* thread_cache();
  void refill(ThreadCache& cache, int size_class);
  void flush(ThreadCache& cache, int size_class, std::uint32_t keep) noexcept;
  void retire(ThreadCache* cache) noexcept;
  void note_small_growth(ThreadCache* cache, std::int64_t now);
  void count_shared(std::int64_t bytes, std::int64_t blocks);
  void update_peak_locked();
  [[nodiscard]] std::int64_t in_use_locked() const;
  [[noreturn]] void exhausted(std::size_t bytes);

  static constinit thread_local ThreadCache* tls_caches_[kMaxAllocators];

  const int slot_;
  const Mode mode_;
  mutable std::mutex mutex_;
  Segments segments_;
  Node* central_[kClasses] = {};
  std::vector<ThreadCache*> caches_;
  std::int64_t shared_in_use_ = 0;  // large blocks, and small ones of threads that are gone
  std::int64_t shared_allocations_ = 0;
  std::int64_t peak_ = 0;
};

}  // namespace keen::device::cpu
