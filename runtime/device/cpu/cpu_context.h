// The CPU as a device: one context per logical CPU.
#pragma once

#include <array>
#include <atomic>

#include "runtime/device/cpu/allocator.h"
#include "runtime/device/device_context.h"

namespace keen::device::cpu {

class CpuContext final : public DeviceContext {
 public:
  explicit CpuContext(Device device);

  [[nodiscard]] int threads() const override;
  [[nodiscard]] void* allocate(std::size_t bytes) override { return allocator_.allocate(bytes); }
  void deallocate(void* block, std::size_t bytes) noexcept override {
    allocator_.deallocate(block, bytes);
  }
  [[nodiscard]] MemoryStats memory_stats() const override { return allocator_.stats(); }
  void reset_peak_memory_stats() override { allocator_.reset_peak(); }
  void trim() override { allocator_.trim(); }

  void copy(void* to, const void* from, Device source, std::size_t bytes) override;
  void copy_to_host(void* to, const void* from, std::size_t bytes) override;

  // The CPU has nothing in flight when a call returns.
  [[nodiscard]] Event record(Stream stream) override { return {stream.device, 0}; }
  void wait(Stream, Event) override {}
  void synchronize() override {}

  // Not virtual: the funnel's way to memory.
  [[nodiscard]] Allocator& allocator() { return allocator_; }

 private:
  Allocator allocator_;
};

inline constexpr int kMaxLogical = 16;

namespace detail {
// Filled at first use; what the inline functions below read on the funnel's path.
extern std::array<std::atomic<CpuContext*>, kMaxLogical> contexts;
extern std::atomic<Allocator*> objects;
[[nodiscard]] CpuContext& open_context(int index);
[[nodiscard]] Allocator& open_object_allocator();
}  // namespace detail

// How many logical CPUs there are.
[[nodiscard]] int logical_count();

// The context of a logical CPU; `index` is below the count.
[[nodiscard]] inline CpuContext& cpu_context(int index) {
  CpuContext* context =
      detail::contexts[static_cast<std::size_t>(index)].load(std::memory_order_acquire);
  return context != nullptr ? *context : detail::open_context(index);
}

// Allocator of the runtime's own small objects (tensors, headers of buffers). Its blocks are not
// part of any device's statistics.
[[nodiscard]] inline Allocator& object_allocator() {
  Allocator* allocator = detail::objects.load(std::memory_order_acquire);
  return allocator != nullptr ? *allocator : detail::open_object_allocator();
}

}  // namespace keen::device::cpu
