// What the kernels that call oneDNN share: engine, stream, thread count, cache of primitives.
//
// Only the sources named onednn_* include oneDNN's own headers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dnnl {
struct engine;
struct stream;
}  // namespace dnnl

namespace keen::detail {

// The CPU engine of the process.
[[nodiscard]] const dnnl::engine& onednn_engine();
// The calling thread's stream.
[[nodiscard]] const dnnl::stream& onednn_stream();

// Sets the number of OpenMP threads that oneDNN sees on the calling thread, and puts it back.
class OneDnnThreads {
 public:
  explicit OneDnnThreads(int threads);
  OneDnnThreads(const OneDnnThreads&) = delete;
  OneDnnThreads& operator=(const OneDnnThreads&) = delete;
  ~OneDnnThreads();

 private:
  int before_;
};

// What a primitive was made for: sizes, flags and the number of threads.
struct PrimitiveKey {
  std::array<std::int64_t, 24> fields{};

  friend bool operator==(const PrimitiveKey&, const PrimitiveKey&) = default;
  [[nodiscard]] std::size_t hash() const;
};

// Primitives by key: at most `capacity` of them, the least recently made or looked up goes first.
// Each thread remembers those it used last, so that a repeated step takes no lock.
template <class Primitive>
class PrimitiveCache {
 public:
  explicit PrimitiveCache(std::size_t capacity) : capacity_(capacity) {}

  // The primitive of `key`, made by `make()` if there is none. It stays valid until the calling
  // thread asks any cache of this type again.
  template <class Make>
  const Primitive& get(const PrimitiveKey& key, Make&& make) {
    const std::size_t hash = key.hash();
    if (recent_ == nullptr) recent_ = std::make_unique<Recent>();
    Entry& slot = (*recent_)[hash % kRecent];
    if (slot.primitive == nullptr || slot.owner != id_ || !(slot.key == key)) {
      slot = Entry{id_, key, find_or_make(key, std::forward<Make>(make))};
    }
    return *slot.primitive;
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return order_.size();
  }

 private:
  static constexpr std::size_t kRecent = 64;
  struct Entry {
    std::uint64_t owner = 0;  // not its address, at which another may come to live
    PrimitiveKey key;
    std::shared_ptr<const Primitive> primitive;
  };
  struct Hash {
    std::size_t operator()(const PrimitiveKey& key) const { return key.hash(); }
  };
  using Recent = std::array<Entry, kRecent>;

  // Two threads that miss at once both make one; the first to come back is kept.
  template <class Make>
  std::shared_ptr<const Primitive> find_or_make(const PrimitiveKey& key, Make&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (auto found = touch_locked(key)) return found;
    }
    auto made = std::make_shared<const Primitive>(make());
    const std::lock_guard lock(mutex_);
    if (auto found = touch_locked(key)) return found;
    order_.push_front(Entry{id_, key, made});
    index_.emplace(key, order_.begin());
    if (order_.size() > capacity_) {
      index_.erase(order_.back().key);
      order_.pop_back();
    }
    return made;
  }

  std::shared_ptr<const Primitive> touch_locked(const PrimitiveKey& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return found->second->primitive;
  }

  inline static thread_local std::unique_ptr<Recent> recent_;
  inline static std::atomic<std::uint64_t> count_{0};

  const std::uint64_t id_ = ++count_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> order_;
  std::unordered_map<PrimitiveKey, typename std::list<Entry>::iterator, Hash> index_;
};

}  // namespace keen::detail
