// Pointers to objects that count their own references.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace keen {

// T derives from this and has `void destroy() noexcept`, called by the last owner.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void add_ref() const noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  // Whether this was the last reference. The object of a single owner needs no locked instruction.
  [[nodiscard]] bool drop_ref() const noexcept {
    if (refs_.load(std::memory_order_acquire) == 1) return true;
    return refs_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  // Whether nobody else holds the object (who does could give it away meanwhile; who asks owns it).
  [[nodiscard]] bool unique() const noexcept { return refs_.load(std::memory_order_acquire) == 1; }

 private:
  mutable std::atomic<std::uint32_t> refs_{1};
};

template <class T>
class RefPtr {
 public:
  RefPtr() = default;
  // Takes over a reference that the caller owns.
  [[nodiscard]] static RefPtr adopt(T* object) {
    RefPtr pointer;
    pointer.object_ = object;
    return pointer;
  }
  [[nodiscard]] static RefPtr share(T* object) {
    if (object != nullptr) object->add_ref();
    return adopt(object);
  }
  RefPtr(const RefPtr& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) object_->add_ref();
  }
  RefPtr(RefPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  RefPtr& operator=(RefPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~RefPtr() {
    if (object_ != nullptr && object_->drop_ref()) object_->destroy();
  }

  [[nodiscard]] T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const RefPtr& a, const RefPtr& b) { return a.object_ == b.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace keen
