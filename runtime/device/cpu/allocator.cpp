#include "runtime/device/cpu/allocator.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::device::cpu {

constinit thread_local Allocator::ThreadCache* Allocator::tls_caches_[kMaxAllocators] = {};

namespace {

// Set when a thread's caches have been given back: what it still frees goes to the shared lists.
constinit thread_local bool thread_is_exiting = false;

// Blocks that a thread takes from or gives to the shared lists at a time.
constexpr std::uint32_t kBatch = 32;
constexpr std::size_t kChunkBytes = 256 * 1024;

}  // namespace

struct Allocator::ThreadExit {
  ThreadExit() = default;
  ThreadExit(const ThreadExit&) = delete;
  ThreadExit& operator=(const ThreadExit&) = delete;
  ~ThreadExit() {
    thread_is_exiting = true;
    for (ThreadCache*& cache : tls_caches_) {
      if (cache == nullptr) continue;
      ThreadCache* mine = cache;
      cache = nullptr;
      mine->owner->retire(mine);
    }
  }
};

Allocator::ThreadCache* Allocator::thread_cache() {
  ThreadCache*& cache = tls_caches_[slot_];
  if (cache != nullptr || thread_is_exiting || mode_ == Mode::kDirect) return cache;
  static thread_local ThreadExit at_exit;
  static_cast<void>(at_exit);
  auto* made = new ThreadCache;
  made->owner = this;
  const std::lock_guard lock(mutex_);
  caches_.push_back(made);
  cache = made;
  return cache;
}

void* Allocator::allocate_slow(std::size_t bytes) {
  if (mode_ == Mode::kDirect) {
    const std::size_t rounded = std::max<std::size_t>(64, (bytes + 63) / 64 * 64);
    void* block = rounded < bytes ? nullptr : std::aligned_alloc(64, rounded);
    if (block == nullptr) exhausted(bytes);
    count_shared(static_cast<std::int64_t>(rounded), 1);
    return block;
  }
  if (bytes <= kSmallLimit) {
    const int size_class = class_of(bytes);
    if (ThreadCache* cache = thread_cache()) {
      if (cache->lists[size_class] == nullptr) refill(*cache, size_class);
      return allocate(bytes);
    }
    ThreadCache once;  // a thread that is exiting: take one block and leave the rest
    once.owner = this;
    refill(once, size_class);
    Node* node = once.lists[size_class];
    once.lists[size_class] = node->next;
    --once.lengths[size_class];
    flush(once, size_class, 0);
    count_shared(static_cast<std::int64_t>(class_bytes(size_class)), 1);
    return node;
  }
  void* block = nullptr;
  {
    const std::lock_guard lock(mutex_);
    block = segments_.allocate(bytes);
    if (block != nullptr) {
      shared_in_use_ += static_cast<std::int64_t>(Segments::block_bytes(block));
      ++shared_allocations_;
      update_peak_locked();
    }
  }
  if (block == nullptr) exhausted(bytes);
  return block;
}

void Allocator::deallocate_slow(void* block, std::size_t bytes) noexcept {
  if (mode_ == Mode::kDirect) {
    std::free(block);
    const std::lock_guard lock(mutex_);
    shared_in_use_ -= static_cast<std::int64_t>(std::max<std::size_t>(64, (bytes + 63) / 64 * 64));
    return;
  }
  if (bytes > kSmallLimit) {
    const std::lock_guard lock(mutex_);
    shared_in_use_ -= static_cast<std::int64_t>(Segments::block_bytes(block));
    segments_.deallocate(block);
    return;
  }
  const int size_class = class_of(bytes);
  if (ThreadCache* cache = tls_caches_[slot_]) {
    flush(*cache, size_class, list_limit(size_class) / 2);
    deallocate(block, bytes);
    return;
  }
  // A thread without a cache frees what another one allocated.
  const std::lock_guard lock(mutex_);
  auto* node = static_cast<Node*>(block);
  node->next = central_[size_class];
  central_[size_class] = node;
  shared_in_use_ -= static_cast<std::int64_t>(class_bytes(size_class));
}

void Allocator::refill(ThreadCache& cache, int size_class) {
  const std::size_t bytes = class_bytes(size_class);
  const std::uint32_t wanted = std::min(kBatch, list_limit(size_class) / 2);
  std::unique_lock lock(mutex_);
  if (central_[size_class] == nullptr) {
    auto* chunk = static_cast<char*>(segments_.allocate(kChunkBytes));
    if (chunk == nullptr) {
      lock.unlock();
      exhausted(bytes);
    }
    const std::size_t usable = kChunkBytes / bytes * bytes;
    for (std::size_t at = usable; at != 0; at -= bytes) {
      auto* node = new (chunk + at - bytes) Node{central_[size_class]};
      central_[size_class] = node;
    }
  }
  for (std::uint32_t i = 0; i < wanted && central_[size_class] != nullptr; ++i) {
    Node* node = central_[size_class];
    central_[size_class] = node->next;
    node->next = cache.lists[size_class];
    cache.lists[size_class] = node;
    ++cache.lengths[size_class];
  }
}

void Allocator::flush(ThreadCache& cache, int size_class, std::uint32_t keep) noexcept {
  const std::lock_guard lock(mutex_);
  while (cache.lengths[size_class] > keep) {
    Node* node = cache.lists[size_class];
    cache.lists[size_class] = node->next;
    --cache.lengths[size_class];
    node->next = central_[size_class];
    central_[size_class] = node;
  }
}

void Allocator::retire(ThreadCache* cache) noexcept {
  for (int size_class = 0; size_class < kClasses; ++size_class) flush(*cache, size_class, 0);
  {
    const std::lock_guard lock(mutex_);
    shared_in_use_ += cache->in_use.load(std::memory_order_relaxed);
    shared_allocations_ += cache->allocations.load(std::memory_order_relaxed);
    std::erase(caches_, cache);
  }
  delete cache;
}

void Allocator::note_small_growth(ThreadCache* cache, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  cache->reported = now;
  update_peak_locked();
}

void Allocator::count_shared(std::int64_t bytes, std::int64_t blocks) {
  const std::lock_guard lock(mutex_);
  shared_in_use_ += bytes;
  shared_allocations_ += blocks;
  update_peak_locked();
}

std::int64_t Allocator::in_use_locked() const {
  std::int64_t total = shared_in_use_;
  for (const ThreadCache* cache : caches_) total += cache->in_use.load(std::memory_order_relaxed);
  return total;
}

void Allocator::update_peak_locked() { peak_ = std::max(peak_, in_use_locked()); }

MemoryStats Allocator::stats() const {
  const std::lock_guard lock(mutex_);
  MemoryStats stats;
  stats.bytes_in_use = in_use_locked();
  stats.peak_bytes_in_use = std::max(peak_, stats.bytes_in_use);
  stats.bytes_cached = mode_ == Mode::kDirect ? 0 : segments_.reserved() - stats.bytes_in_use;
  stats.allocations = shared_allocations_;
  for (const ThreadCache* cache : caches_) {
    stats.allocations += cache->allocations.load(std::memory_order_relaxed);
  }
  return stats;
}

void Allocator::reset_peak() {
  const std::lock_guard lock(mutex_);
  peak_ = in_use_locked();
}

void Allocator::trim() {
  const std::lock_guard lock(mutex_);
  segments_.trim();
}

void Allocator::exhausted(std::size_t bytes) {
  const MemoryStats now = stats();
  throw ResourceExhaustedError(text("allocate: out of host memory for ", bytes, " bytes (",
                                    now.bytes_in_use, " in use, ", now.bytes_cached,
                                    " cached, peak ", now.peak_bytes_in_use, ")"));
}

}  // namespace keen::device::cpu
