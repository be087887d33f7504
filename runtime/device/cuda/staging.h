// Copies between a GPU and pageable host memory, by way of pinned memory.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <deque>
#include <mutex>

#include "runtime/device/cuda/event_log.h"

namespace keen::device::cuda {

// Pinned memory belongs to the object for the life of the process. The device must be current.
class Staging {
 public:
  Staging(Device device, cudaStream_t stream, EventLog& events);
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Enqueues a copy; the host memory may be changed or freed as soon as the call returns. Waits
  // only while the ring is full of copies that have not happened yet.
  void to_device(void* to, const void* from, std::size_t bytes);
  // Copies and waits for it.
  void to_host(void* to, const void* from, std::size_t bytes);

 private:
  struct Piece {
    std::size_t end;  // in bytes ever put into the ring
    Event event;
  };

  static constexpr std::size_t kRing = std::size_t{16} << 20;
  static constexpr std::size_t kChunk = std::size_t{4} << 20;  // largest piece of a copy

  [[nodiscard]] char* reserve(std::size_t bytes);

  const Device device_;
  cudaStream_t stream_;
  EventLog& events_;
  std::mutex up_mutex_;
  char* ring_ = nullptr;
  std::size_t head_ = 0;  // bytes ever put into the ring, and of which it holds those after tail_
  std::size_t tail_ = 0;
  std::deque<Piece> pieces_;
  std::mutex down_mutex_;
  char* down_ = nullptr;  // two chunks
};

}  // namespace keen::device::cuda
