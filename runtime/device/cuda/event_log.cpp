#include "runtime/device/cuda/event_log.h"

#include <algorithm>

#include "runtime/device/cuda/status.h"
#include "runtime/device/ledger.h"

namespace keen::device::cuda {
namespace {

constexpr std::uint64_t stream_of(Event event) { return event.handle & 0xFFU; }
constexpr std::uint64_t number_of(Event event) { return event.handle >> 8; }

// Not an error here: the question has been answered, and the answer must not stay behind for the
// next launch to report (cudaErrorNotReady is kept by cudaGetLastError).
bool is_done(cudaEvent_t event) {
  const cudaError_t status = cudaEventQuery(event);
  if (status == cudaErrorNotReady) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  check(status, "cudaEventQuery");
  return true;
}

}  // namespace

// Takes back the events that have happened; those of a stream happen in their order.
void EventLog::retire() {
  for (auto& list : pending_) {
    while (!list.empty() && is_done(list.front().event)) {
      spare_.push_back(list.front().event);
      list.pop_front();
    }
  }
}

const EventLog::Entry* EventLog::find(Event event) const {
  const auto& list = pending_[stream_of(event)];
  const auto found = std::lower_bound(
      list.begin(), list.end(), number_of(event),
      [](const Entry& entry, std::uint64_t number) { return entry.number < number; });
  return found == list.end() || found->number != number_of(event) ? nullptr : &*found;
}

Event EventLog::record(std::uint16_t stream) {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) retire();
  if (spare_.empty()) {
    spare_.reserve(spare_.size() + 1);
    cudaEvent_t made = nullptr;
    check(cudaEventCreateWithFlags(&made, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    count(device_, Count::kAllocations);
    spare_.push_back(made);
  }
  cudaEvent_t event = spare_.back();
  check(cudaEventRecord(event, streams_.at(stream)), "cudaEventRecord");
  const std::uint64_t number = next_++;
  pending_.at(stream).push_back({number, event});
  spare_.pop_back();
  return {device_, number << 8 | stream};
}

bool EventLog::happened(Event event) {
  if (event.handle == 0) return true;
  const std::lock_guard lock(mutex_);
  retire();
  return find(event) == nullptr;
}

void EventLog::make_wait(cudaStream_t stream, Event event) {
  if (event.handle == 0) return;
  const std::lock_guard lock(mutex_);
  if (const Entry* entry = find(event)) {
    check(cudaStreamWaitEvent(stream, entry->event, 0), "cudaStreamWaitEvent");
  }
}

void EventLog::synchronize(Event event) {
  if (event.handle == 0) return;
  cudaEvent_t pending = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const Entry* entry = find(event);
    if (entry == nullptr) return;
    pending = entry->event;
  }
  count(device_, Count::kSynchronisations);
  // Should another thread see it happen meanwhile and record it again, the wait is longer, not
  // wrong.
  check(cudaEventSynchronize(pending), "cudaEventSynchronize");
}

}  // namespace keen::device::cuda
