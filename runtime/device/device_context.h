// What the runtime asks of a device: memory, copies, streams. See Note [Asynchronous devices].
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/device/device.h"
#include "runtime/device/stream.h"

namespace keen::device {

struct MemoryStats {
  std::int64_t bytes_in_use = 0;       // in blocks handed out, rounded up to their sizes
  std::int64_t bytes_cached = 0;       // held from the system, not in use
  std::int64_t peak_bytes_in_use = 0;  // since the start or the last reset
  std::int64_t allocations = 0;        // blocks ever handed out
};

// One per device, made at its first use, never destroyed. All functions may be called from any
// thread.
class DeviceContext {
 public:
  explicit DeviceContext(Device device) : device_(device) {}
  DeviceContext(const DeviceContext&) = delete;
  DeviceContext& operator=(const DeviceContext&) = delete;
  virtual ~DeviceContext() = default;

  [[nodiscard]] Device device() const { return device_; }
  // Host threads that an op on this device may use; 1 on devices that compute elsewhere.
  [[nodiscard]] virtual int threads() const = 0;

  // A block of at least `bytes`, 64-byte aligned (512 on GPUs), for use on the compute stream.
  // Contents are undefined. ResourceExhaustedError with the statistics when there is none.
  [[nodiscard]] virtual void* allocate(std::size_t bytes) = 0;
  // Gives a block back; `bytes` as it was asked for.
  virtual void deallocate(void* block, std::size_t bytes) noexcept = 0;
  [[nodiscard]] virtual MemoryStats memory_stats() const = 0;
  virtual void reset_peak_memory_stats() = 0;
  // Returns cached memory to the system where whole segments are free.
  virtual void trim() = 0;

  // Copies between this device's memory and that of `source`, in the order of the compute stream.
  virtual void copy(void* to, const void* from, Device source, std::size_t bytes) = 0;
  // Copies to host memory and waits for the result.
  virtual void copy_to_host(void* to, const void* from, std::size_t bytes) = 0;

  [[nodiscard]] virtual Event record(Stream stream) = 0;
  virtual void wait(Stream stream, Event event) = 0;
  // Says that work enqueued until now on a stream other than the compute stream uses the block,
  // which is then used again after that work only.
  virtual void used_on(void* /*block*/, Stream /*stream*/) {}
  virtual void synchronize() = 0;

  // Most bytes to take from the device; 0: as many as it has.
  virtual void set_memory_limit(std::size_t /*bytes*/) {}

  // Calls kernel(argument) with the device made the thread's current one.
  virtual void run(void (*kernel)(void*), void* argument) { kernel(argument); }

 private:
  Device device_;
};

// The context of a device. InvalidArgumentError, listing the devices that exist, if there is none.
[[nodiscard]] DeviceContext& context(Device device);

// Bytes of the header that small host blocks share with their data.
inline constexpr std::size_t kBlockAlignment = 64;

}  // namespace keen::device
