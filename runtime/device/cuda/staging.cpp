#include "runtime/device/cuda/staging.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/device/cuda/status.h"
#include "runtime/device/ledger.h"

namespace keen::device::cuda {
namespace {

constexpr std::size_t kAlignment = 256;

char* pinned(Device device, std::size_t bytes) {
  void* memory = nullptr;
  check(cudaHostAlloc(&memory, bytes, cudaHostAllocPortable), "cudaHostAlloc");
  count(device, Count::kAllocations);
  return static_cast<char*>(memory);
}

}  // namespace

Staging::Staging(Device device, cudaStream_t stream, EventLog& events)
    : device_(device),
      stream_(stream),
      events_(events),
      ring_(pinned(device, kRing)),
      down_(pinned(device, 2 * kChunk)) {}

// A part of the ring that no copy reads any more.
char* Staging::reserve(std::size_t bytes) {
  // A piece does not go around the end.
  const std::size_t left = kRing - head_ % kRing;
  if (left < bytes) head_ += left;
  while (head_ + bytes - tail_ > kRing) {
    if (pieces_.empty()) {
      tail_ = head_;
      break;
    }
    if (!events_.happened(pieces_.front().event)) events_.synchronize(pieces_.front().event);
    tail_ = pieces_.front().end;
    pieces_.pop_front();
  }
  return ring_ + head_ % kRing;
}

void Staging::to_device(void* to, const void* from, std::size_t bytes) {
  const std::lock_guard lock(up_mutex_);
  for (std::size_t at = 0; at < bytes; at += kChunk) {
    const std::size_t size = std::min(kChunk, bytes - at);
    char* piece = reserve(size);
    std::memcpy(piece, static_cast<const char*>(from) + at, size);
    check(
        cudaMemcpyAsync(static_cast<char*>(to) + at, piece, size, cudaMemcpyHostToDevice, stream_),
        "cudaMemcpyAsync");
    head_ += (size + kAlignment - 1) / kAlignment * kAlignment;
    pieces_.push_back({head_, events_.record(0)});
  }
  count(device_, Count::kBytesToDevice, static_cast<std::int64_t>(bytes));
}

// While the host takes one chunk out, the next one arrives.
void Staging::to_host(void* to, const void* from, std::size_t bytes) {
  const std::lock_guard lock(down_mutex_);
  std::array<Event, 2> arrived;
  const auto enqueue = [&](std::size_t at, std::size_t which) {
    check(cudaMemcpyAsync(down_ + which * kChunk, static_cast<const char*>(from) + at,
                          std::min(kChunk, bytes - at), cudaMemcpyDeviceToHost, stream_),
          "cudaMemcpyAsync");
    arrived[which] = events_.record(0);
  };
  if (bytes > 0) enqueue(0, 0);
  std::size_t which = 0;
  for (std::size_t at = 0; at < bytes; at += kChunk, which ^= 1U) {
    if (at + kChunk < bytes) enqueue(at + kChunk, which ^ 1U);
    events_.synchronize(arrived[which]);
    std::memcpy(static_cast<char*>(to) + at, down_ + which * kChunk, std::min(kChunk, bytes - at));
  }
  count(device_, Count::kBytesToHost, static_cast<std::int64_t>(bytes));
}

}  // namespace keen::device::cuda
