// cuda_runtime_api.h, "Stream Management", without capture.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <functional>
#include <string>

#include "tests/sim/runtime/capture.h"
#include "tests/sim/runtime/entry.h"
#include "tests/sim/runtime/queue.h"

namespace keen::sim {
namespace {

// A range as the GPUs of today have it; numbers outside are clamped (cuda_runtime_api.h:
// cudaStreamCreateWithPriority). The figures are unsourced.
constexpr int kLeastPriority = 0;
constexpr int kGreatestPriority = -5;

cudaError_t create(const char* api, cudaStream_t* stream, unsigned flags, int priority) {
  if (stream == nullptr) return fail(cudaErrorInvalidValue);
  if ((flags & ~static_cast<unsigned>(cudaStreamNonBlocking)) != 0) {
    return unsupported(api, "flags " + std::to_string(flags));
  }
  CUstream_st* made = Runtime::get().streams.make();
  made->device = Machine::thread().device;
  made->actor = Machine::get().new_actor();
  made->blocking = (flags & cudaStreamNonBlocking) == 0;
  made->priority = std::clamp(priority, kGreatestPriority, kLeastPriority);
  *stream = made;
  return cudaSuccess;
}

// What a host function tells and hears is told and heard by its place in the stream, not by the
// thread that happens to run it. It may take locks of the program's that other threads hold while
// they call CUDA.
void run_host_function(const std::function<void()>& function, const Execution& execution) {
  Machine::Thread& thread = Machine::thread();
  Clock before = execution.clock;
  thread.host_function = &before;
  Machine::get().run_unlocked(function);
  thread.host_function = nullptr;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamCreate")) return error;
  return create("cudaStreamCreate", stream, cudaStreamDefault, kLeastPriority);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamCreateWithFlags")) return error;
  return create("cudaStreamCreateWithFlags", stream, flags, kLeastPriority);
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int priority) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamCreateWithPriority")) return error;
  return create("cudaStreamCreateWithPriority", stream, flags, priority);
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaDeviceGetStreamPriorityRange")) return error;
  if (least != nullptr) *least = kLeastPriority;
  if (greatest != nullptr) *greatest = kGreatestPriority;
  return cudaSuccess;
}

// Does not wait: the stream's work goes on.
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamDestroy")) return error;
  Stream* found = find_stream(stream);
  // The default streams are nobody's to destroy.
  if (found == nullptr || found != static_cast<Stream*>(stream)) {
    return fail(cudaErrorInvalidResourceHandle);
  }
  if (const cudaError_t error = refuse_capturing(*found)) return fail(error);
  found->destroyed = true;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamSynchronize")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse_capturing(*found)) return fail(error);
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  ++Machine::get().counters.stream_syncs;
  return fail(wait_for(*found));
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamQuery")) return error;
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = refuse_capturing(*found)) return fail(error);
  if (const cudaError_t error = refuse_in_capture()) return fail(error);
  step();  // a thread that only asks gets there too
  if (!is_finished(*found)) return fail(cudaErrorNotReady);
  learn(*found);
  return fail(Machine::get().sticky());
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned* flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamGetFlags")) return error;
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (flags == nullptr) return fail(cudaErrorInvalidValue);
  *flags = found->blocking ? cudaStreamDefault : cudaStreamNonBlocking;
  return cudaSuccess;
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamGetPriority")) return error;
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (priority == nullptr) return fail(cudaErrorInvalidValue);
  *priority = found->priority;
  return cudaSuccess;
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamGetDevice")) return error;
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (device == nullptr) return fail(cudaErrorInvalidValue);
  *device = found->device;
  return cudaSuccess;
}

cudaError_t cudaStreamGetId(cudaStream_t stream, unsigned long long* id) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamGetId")) return error;
  const Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (id == nullptr) return fail(cudaErrorInvalidValue);
  *id = static_cast<unsigned long long>(found->actor);
  return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* data) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaLaunchHostFunc")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (function == nullptr) return fail(cudaErrorInvalidValue);
  Operation operation;
  operation.name = "cudaLaunchHostFunc";
  operation.body = [function, data](Execution& execution) {
    run_host_function([&] { function(data); }, execution);
  };
  return fail(submit(*found, std::move(operation)));
}

// Not in a capture; called after an error too, which it is told (cuda_runtime_api.h).
cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback, void* data,
                                  unsigned flags) {
  const Guard guard(Machine::get());
  if (const cudaError_t error = begin("cudaStreamAddCallback")) return error;
  Stream* found = find_stream(stream);
  if (found == nullptr) return fail(cudaErrorInvalidResourceHandle);
  if (callback == nullptr || flags != 0) return fail(cudaErrorInvalidValue);
  if (const cudaError_t error = refuse_capturing(*found)) return fail(error);
  Operation operation;
  operation.name = "cudaStreamAddCallback";
  operation.after_fault = true;
  operation.body = [stream, callback, data](Execution& execution) {
    const cudaError_t error = Machine::get().sticky();
    run_host_function([&] { callback(stream, error, data); }, execution);
  };
  return fail(submit(*found, std::move(operation)));
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim
