#include "runtime/device/cpu/cpu_context.h"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <type_traits>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/device/gpu.h"

namespace keen::device::cpu {
namespace {

constexpr int kObjectSlot = kMaxLogical;

struct Registry {
  std::mutex mutex;
  std::atomic<int> count{1};
  bool used = false;            // whether a device has been opened; guarded by `mutex`
  std::atomic<int> threads{0};  // 0: as many as the process may use
};

constinit Registry global_registry;
static_assert(std::is_trivially_destructible_v<Registry>);

Registry& registry() { return global_registry; }

int available_threads() {
  static const int count = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    const int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return std::getenv("OMP_NUM_THREADS") != nullptr ? std::max(1, omp_get_max_threads())
                                                     : std::max(1, cores);
  }();
  return count;
}

Allocator::Mode mode_from_environment() {
#if defined(__SANITIZE_ADDRESS__)
  constexpr auto kDefault = Allocator::Mode::kDirect;
#else
  constexpr auto kDefault = Allocator::Mode::kCaching;
#endif
  const char* wanted = std::getenv("KEEN_CPU_ALLOCATOR");
  if (wanted == nullptr) return kDefault;
  const std::string_view name = wanted;
  if (name == "direct") return Allocator::Mode::kDirect;
  if (name == "caching") return Allocator::Mode::kCaching;
  throw InvalidArgumentError(
      text("KEEN_CPU_ALLOCATOR: '", wanted, "' is neither 'caching' nor 'direct'"));
}

}  // namespace

CpuContext::CpuContext(Device device)
    : DeviceContext(device), allocator_(device.index, mode_from_environment()) {}

int CpuContext::threads() const {
  const Registry& all = registry();
  const int wanted = all.threads.load(std::memory_order_relaxed);
  const int total = wanted > 0 ? wanted : available_threads();
  return std::max(1, total / all.count.load(std::memory_order_relaxed));
}

void CpuContext::copy(void* to, const void* from, Device source, std::size_t bytes) {
  if (source.type == DeviceType::kGpu) {
    gpu_context(source.index).copy_to_host(to, from, bytes);
    return;
  }
  if (bytes != 0) std::memcpy(to, from, bytes);
}

void CpuContext::copy_to_host(void* to, const void* from, std::size_t bytes) {
  if (bytes != 0) std::memcpy(to, from, bytes);
}

int logical_count() { return registry().count.load(std::memory_order_acquire); }

// Trivially destroyed, and what they point at never is: tensors in static variables may outlive
// everything else.
constinit std::array<std::atomic<CpuContext*>, kMaxLogical> detail::contexts{};
constinit std::atomic<Allocator*> detail::objects{nullptr};

CpuContext& detail::open_context(int index) {
  Registry& all = registry();
  auto& slot = contexts[static_cast<std::size_t>(index)];
  const std::lock_guard lock(all.mutex);
  if (CpuContext* made = slot.load(std::memory_order_acquire)) return *made;
  auto* made = new CpuContext(keen::cpu(static_cast<std::uint8_t>(index)));
  all.used = true;
  slot.store(made, std::memory_order_release);
  return *made;
}

Allocator& detail::open_object_allocator() {
  const std::lock_guard lock(registry().mutex);
  if (Allocator* made = objects.load(std::memory_order_acquire)) return *made;
  auto* made = new Allocator(kObjectSlot, mode_from_environment());
  objects.store(made, std::memory_order_release);
  return *made;
}

}  // namespace keen::device::cpu

namespace keen::config {

using device::cpu::registry;

void set_logical_cpu_devices(int count) {
  if (count < 1 || count > device::cpu::kMaxLogical) {
    throw ValueError(text("set_logical_cpu_devices: count ", count, " must be between 1 and ",
                          device::cpu::kMaxLogical));
  }
  auto& all = registry();
  const std::lock_guard lock(all.mutex);
  if (all.used) {
    throw RuntimeError("Virtual devices cannot be modified after being initialized");
  }
  all.count.store(count, std::memory_order_release);
}

std::vector<Device> list_logical_devices() {
  const int count = device::cpu::logical_count();
  std::vector<Device> devices;
  devices.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    devices.push_back(cpu(static_cast<std::uint8_t>(i)));
  }
  for (int i = 0; i < device::gpu_count(); ++i) {
    devices.push_back(gpu(static_cast<std::uint8_t>(i)));
  }
  return devices;
}

namespace threading {

void set_intra_op_parallelism_threads(int count) {
  if (count < 0 || count > 1024) {
    throw ValueError(text("set_intra_op_parallelism_threads: count ", count,
                          " must be between 0 (all that there are) and 1024"));
  }
  registry().threads.store(count, std::memory_order_relaxed);
}

int get_intra_op_parallelism_threads() {
  const int wanted = registry().threads.load(std::memory_order_relaxed);
  return wanted > 0 ? wanted : device::cpu::available_threads();
}

}  // namespace threading

namespace experimental {

MemoryInfo get_memory_info(const Device& device) {
  const device::MemoryStats stats = device::context(device).memory_stats();
  return {.current = stats.bytes_in_use, .peak = stats.peak_bytes_in_use};
}

void reset_memory_stats(const Device& device) { device::context(device).reset_peak_memory_stats(); }

void set_memory_limit(const Device& device, std::int64_t bytes) {
  if (device.type == DeviceType::kCpu) {
    throw ValueError(
        text("set_memory_limit: device ", device, " is a CPU, whose memory has no limit"));
  }
  if (bytes < 0) throw ValueError(text("set_memory_limit: bytes ", bytes, " must not be negative"));
  device::context(device).set_memory_limit(static_cast<std::size_t>(bytes));
}

}  // namespace experimental
}  // namespace keen::config
