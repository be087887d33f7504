// What happened on a device: launches, copies, allocations, synchronisations.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "runtime/device/device.h"

namespace keen::device {

enum class Count : std::uint8_t {
  kOps,               // kernels of rows that ran
  kLaunches,          // own kernels launched; not on CPUs
  kLibraryCalls,      // of cuBLASLt, cuDNN, NCCL that launch; not on CPUs
  kAllocations,       // calls that took memory, events, handles from the system
  kSynchronisations,  // waits of the host for the device
  kBytesToDevice,     // copied from host memory
  kBytesToHost,       // copied to host memory
  kBytesBetween,      // copied from another device
  kImplicitCopies,    // inputs that lay on another device than their op
  kRetraces,          // functions traced again while this was the thread's device
  kCollectives,       // sums and broadcasts between devices
};
inline constexpr int kCounts = static_cast<int>(Count::kCollectives) + 1;

// Bytes for the kBytes…, else how many. From all threads.
struct LedgerCounts {
  std::array<std::int64_t, kCounts> values{};

  [[nodiscard]] std::int64_t operator[](Count count) const {
    return values[static_cast<std::size_t>(count)];
  }
  friend bool operator==(const LedgerCounts&, const LedgerCounts&) = default;
};

// "ops 12, launches 9, …", those that are not zero.
void append_text(std::string& out, const LedgerCounts& counts);

// The counts of a device since the object was made:
//
//   const keen::device::Ledger ledger(keen::gpu(0));
//   step();
//   EXPECT_EQ(ledger.counts()[keen::device::Count::kSynchronisations], 1);
//
// Exact for what has happened on the calling thread and on threads it has synchronised with.
class Ledger {
 public:
  explicit Ledger(Device device);
  [[nodiscard]] LedgerCounts counts() const;
  [[nodiscard]] Device device() const { return device_; }

 private:
  Device device_;
  LedgerCounts start_;
};

namespace detail {

// One per thread, written by it alone.
struct ThreadCounts {
  static constexpr int kPerType = 16;
  std::array<std::array<std::atomic<std::int64_t>, kCounts>, std::size_t{2} * kPerType> values{};
};
inline constinit thread_local ThreadCounts* thread_counts = nullptr;
[[nodiscard]] ThreadCounts* open_thread_counts();

[[nodiscard]] inline std::size_t ledger_index(Device device) {
  return (device.type == DeviceType::kGpu ? ThreadCounts::kPerType : 0U) +
         (device.index % ThreadCounts::kPerType);
}

}  // namespace detail

// Adds to a device's count.
inline void count(Device device, Count what, std::int64_t amount = 1) {
  detail::ThreadCounts* mine = detail::thread_counts;
  if (mine == nullptr) [[unlikely]] {
    mine = detail::open_thread_counts();
  }
  auto& value = mine->values[detail::ledger_index(device)][static_cast<std::size_t>(what)];
  value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace keen::device
