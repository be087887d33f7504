// Points in a GPU's streams, numbered. Events are made, waited for and used again; who holds a
// number has nothing to give back.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "runtime/device/stream.h"

namespace keen::device::cuda {

inline constexpr int kStreams = 2;  // compute, copy

// The device must be current in all calls.
class EventLog {
 public:
  EventLog(Device device, std::array<cudaStream_t, kStreams> streams)
      : device_(device), streams_(streams) {}
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  [[nodiscard]] Event record(std::uint16_t stream);
  // Whether the event has happened. A capture may not ask.
  [[nodiscard]] bool happened(Event event);
  // Makes a stream, of this device or of another, wait for the event.
  void make_wait(cudaStream_t stream, Event event);
  // Makes the host wait.
  void synchronize(Event event);

 private:
  struct Entry {
    std::uint64_t number;
    cudaEvent_t event;
  };

  // A handle is (number << 8 | stream); numbers of a stream grow.
  [[nodiscard]] const Entry* find(Event event) const;
  void retire();

  const Device device_;
  const std::array<cudaStream_t, kStreams> streams_;
  std::mutex mutex_;
  std::array<std::deque<Entry>, kStreams> pending_;
  std::vector<cudaEvent_t> spare_;
  std::uint64_t next_ = 1;
};

}  // namespace keen::device::cuda
