// cuda_runtime_api.h, "Event Management", and cudaStreamWaitEvent.
#include <cuda_runtime_api.h>

#include <string>

#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/pools.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

Event* find_event(cudaEvent_t event) {
  Event* found = Runtime::get().events.find(event);
  if (found == nullptr) Machine::get().report("handle", "use of an event that does not exist");
  return found;
}

cudaError_t create(const char* api, cudaEvent_t* event, unsigned flags) {
  if (event == nullptr) return fail(cudaErrorInvalidValue);
  constexpr unsigned kKnown = cudaEventBlockingSync | cudaEventDisableTiming;
  if ((flags & ~kKnown) != 0) return unsupported(api, "flags " + std::to_string(flags));
  *event = Runtime::get().events.make();
  (*event)->device = Machine::thread().device;
  (*event)->timing = (flags & cudaEventDisableTiming) == 0;
  return cudaSuccess;
}

cudaError_t record(const char* api, cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  if (flags != cudaEventRecordDefault) return unsupported(api, "flags " + std::to_string(flags));
  Event* found = find_event(event);
  Stream* target = find_stream(stream);
  if (found == nullptr || target == nullptr) return fail(cudaErrorInvalidResourceHandle);
  // The header: event and stream must be of one context. The current device does not matter
  // (Programming Guide, "Stream and Event Behavior").
  if (found->device != target->device) return fail(cudaErrorInvalidResourceHandle);
  if (target->capture != nullptr) return fail(capture_record(*target, *found));
  Operation operation;
  operation.name = "cudaEventRecord";
  if (const cudaError_t error = submit(*target, std::move(operation))) return fail(error);
  ++Machine::get().counters.event_records;
  found->recorded = true;
  found->capture = nullptr;
  found->capture_after.clear();
  found->work = target->last;
  found->clock = target->clock;
  return cudaSuccess;
}

bool is_done(const Event& event) { return event.work == nullptr || event.work->done; }

// What queries and waits have in common: 907 whatever the mode, then the modes' own rule.
cudaError_t refuse(const Event& event) {
  if (event.capture != nullptr) {
    if (!event.capture->ended) event.capture->invalid = true;
    return cudaErrorCapturedEvent;
  }
  return refuse_in_capture();
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventCreate")) return error;
  return create("cudaEventCreate", event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventCreateWithFlags")) return error;
  return create("cudaEventCreateWithFlags", event, flags);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventDestroy")) return error;
  if (find_event(event) == nullptr) return fail(cudaErrorInvalidResourceHandle);
  Runtime::get().events.destroy(event);
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventRecord")) return error;
  return record("cudaEventRecord", event, stream, cudaEventRecordDefault);
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventRecordWithFlags")) return error;
  return record("cudaEventRecordWithFlags", event, stream, flags);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamWaitEvent")) return error;
  if (flags != cudaEventWaitDefault) {
    return unsupported("cudaStreamWaitEvent", "flags " + std::to_string(flags));
  }
  const Event* found = find_event(event);
  Stream* target = find_stream(stream);
  if (found == nullptr || target == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (target->capture != nullptr || found->capture != nullptr) {
    return fail(capture_wait(*target, *found));
  }
  if (const cudaError_t error = check_implicit_capture(*target)) return fail(error);
  ++Machine::get().counters.event_waits;
  if (found->work == nullptr) return cudaSuccess;
  target->clock.join(found->clock);
  Operation operation;
  operation.name = "cudaStreamWaitEvent";
  return fail(submit(*target, std::move(operation), {found->work}));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventQuery")) return error;
  const Event* found = find_event(event);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse(*found)) return fail(error);
  step();  // a thread that only asks gets there too
  if (!is_done(*found)) return fail(cudaErrorNotReady);
  Machine::thread().clock.join(found->clock);
  return fail(Machine::get().sticky());
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventSynchronize")) return error;
  const Event* found = find_event(event);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse(*found)) return fail(error);
  ++Machine::get().counters.event_syncs;
  // Another thread may record the event anew meanwhile.
  const WorkRef work = found->work;
  const Clock clock = found->clock;
  const int device = found->device;
  if (run_until([&] { return work == nullptr || work->done; })) {
    Machine::thread().clock.join(clock);
    release_pools(device);
  }
  return fail(Machine::get().sticky());
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaEventElapsedTime")) return error;
  const Event* first = find_event(start);
  const Event* last = find_event(end);
  if (first == nullptr || last == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (milliseconds == nullptr) return fail(cudaErrorInvalidValue);
  for (const Event* event : {first, last}) {
    if (event->capture != nullptr) return fail(refuse(*event));
    if (!event->recorded || !event->timing) return fail(cudaErrorInvalidResourceHandle);
  }
  // Programming Guide, "Stream and Event Behavior": events of two devices.
  if (first->device != last->device) return fail(cudaErrorInvalidResourceHandle);
  if (!is_done(*first) || !is_done(*last)) return fail(cudaErrorNotReady);
  const std::chrono::duration<float, std::milli> elapsed =
      last->work->finished - first->work->finished;
  *milliseconds = elapsed.count();
  return cudaSuccess;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
