// The errors of captures, driver_types.h 900 to 908, by mode and thread: each planted and repaired.
// usage: sim_capture_faults CASE
#include <functional>
#include <thread>

#include "tests/sim/programs/check.h"
#include "tests/sim/programs/fault_case.h"
#include "tests/sim/programs/fault_kernels.cuh"

namespace {

using namespace keen::sim::test;

constexpr cudaStreamCaptureMode kGlobal = cudaStreamCaptureModeGlobal;
constexpr cudaStreamCaptureMode kThreadLocal = cudaStreamCaptureModeThreadLocal;
constexpr cudaStreamCaptureMode kRelaxed = cudaStreamCaptureModeRelaxed;

// What `work` gives back while a stream captures, and the end of the capture where that was fine.
cudaError_t during_capture(cudaStream_t stream, cudaStreamCaptureMode mode,
                           const std::function<cudaError_t()>& work) {
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(stream, mode));
  const cudaError_t error = work();
  const cudaError_t end = cudaStreamEndCapture(stream, &graph);
  cudaGetLastError();
  // The header: an invalid capture gives no graph.
  if ((end == cudaSuccess) != (graph != nullptr)) return cudaErrorUnknown;
  if (graph != nullptr) KEEN_CUDA_CHECK(cudaGraphDestroy(graph));
  return error != cudaSuccess ? error : end;
}

cudaError_t in_thread(const std::function<cudaError_t()>& work) {
  cudaError_t error = cudaErrorUnknown;
  std::thread([&] { error = work(); }).join();
  return error;
}

cudaError_t allocate() {
  void* memory = nullptr;
  return cudaMalloc(&memory, 16);
}

cudaError_t exchange(cudaStreamCaptureMode mode) {
  return cudaThreadExchangeStreamCaptureMode(&mode);
}

// ---- 900: not while capturing -----------------------------------------------------------------

KEEN_FAULT(global_forbids_other_threads, nullptr, cudaErrorStreamCaptureUnsupported) {
  return during_capture(new_stream(), planted ? kGlobal : kThreadLocal,
                        [] { return in_thread(allocate); });
}

KEEN_FAULT(thread_local_forbids_its_thread, nullptr, cudaErrorStreamCaptureUnsupported) {
  return during_capture(new_stream(), planted ? kThreadLocal : kRelaxed, allocate);
}

// A thread that is itself thread-local does not mind captures of others.
KEEN_FAULT(thread_of_mode_global, nullptr, cudaErrorStreamCaptureUnsupported) {
  return during_capture(new_stream(), kGlobal, [&] {
    return in_thread([&] {
      KEEN_CUDA_CHECK(exchange(planted ? kGlobal : kThreadLocal));
      return allocate();
    });
  });
}

KEEN_FAULT(thread_of_mode_thread_local, nullptr, cudaErrorStreamCaptureUnsupported) {
  return during_capture(new_stream(), kGlobal, [&] {
    KEEN_CUDA_CHECK(exchange(planted ? kThreadLocal : kRelaxed));
    const cudaError_t error = allocate();
    KEEN_CUDA_CHECK(exchange(kGlobal));
    return error;
  });
}

KEEN_FAULT(query_while_another_thread_captures, nullptr, cudaErrorStreamCaptureUnsupported) {
  cudaEvent_t event = new_event();
  KEEN_CUDA_CHECK(cudaEventRecord(event, new_stream()));
  KEEN_CUDA_CHECK(cudaEventSynchronize(event));
  return during_capture(new_stream(), planted ? kGlobal : kThreadLocal,
                        [&] { return in_thread([&] { return cudaEventQuery(event); }); });
}

KEEN_FAULT(free_while_capturing, nullptr, cudaErrorStreamCaptureUnsupported) {
  float* x = zeros();
  return during_capture(new_stream(), planted ? kThreadLocal : kRelaxed,
                        [&] { return cudaFree(x); });
}

KEEN_FAULT(copy_that_waits_while_capturing, nullptr, cudaErrorStreamCaptureUnsupported) {
  float *x = zeros(), *y = zeros();
  cudaStream_t a = new_stream();
  return during_capture(a, kThreadLocal, [&] {
    return planted ? cudaMemcpy(y, x, 64, cudaMemcpyDeviceToDevice)
                   : cudaMemcpyAsync(y, x, 64, cudaMemcpyDeviceToDevice, a);
  });
}

// Whatever the mode.
KEEN_FAULT(capturing_stream_synchronised, nullptr, cudaErrorStreamCaptureUnsupported) {
  cudaStream_t a = new_stream(), b = new_stream();
  return during_capture(a, kRelaxed, [&] { return cudaStreamSynchronize(planted ? a : b); });
}

KEEN_FAULT(capturing_stream_queried, nullptr, cudaErrorStreamCaptureUnsupported) {
  cudaStream_t a = new_stream(), b = new_stream();
  return during_capture(a, kRelaxed, [&] { return cudaStreamQuery(planted ? a : b); });
}

KEEN_FAULT(capturing_device_synchronised, nullptr, cudaErrorStreamCaptureUnsupported) {
  return during_capture(new_stream(), kRelaxed, [&] {
    if (!planted) KEEN_CUDA_CHECK(cudaSetDevice(1));
    const cudaError_t error = cudaDeviceSynchronize();
    KEEN_CUDA_CHECK(cudaSetDevice(0));
    return error;
  });
}

KEEN_FAULT(legacy_stream_captured, nullptr, cudaErrorStreamCaptureUnsupported) {
  cudaStream_t stream = planted ? cudaStreamLegacy : cudaStreamPerThread;
  const cudaError_t error = cudaStreamBeginCapture(stream, kThreadLocal);
  cudaGetLastError();
  cudaGraph_t graph = nullptr;
  return error != cudaSuccess ? error : cudaStreamEndCapture(stream, &graph);
}

// "Not supported" there; a host function is.
KEEN_FAULT(callback_captured, nullptr, cudaErrorStreamCaptureUnsupported) {
  cudaStream_t stream = new_stream();
  const cudaStreamCallback_t callback = [](auto...) {};
  const cudaHostFn_t function = [](void*) {};
  return during_capture(stream, kRelaxed, [&] {
    return planted ? cudaStreamAddCallback(stream, callback, nullptr, 0)
                   : cudaLaunchHostFunc(stream, function, nullptr);
  });
}

// ---- 901: invalidated -------------------------------------------------------------------------

KEEN_FAULT(work_after_an_invalid_call, nullptr, cudaErrorStreamCaptureInvalidated) {
  float* x = zeros();
  cudaStream_t a = new_stream();
  return during_capture(a, kThreadLocal, [&] {
    if (planted) allocate();
    return cudaMemsetAsync(x, 0, 64, a);
  });
}

KEEN_FAULT(end_after_an_invalid_call, nullptr, cudaErrorStreamCaptureInvalidated) {
  return during_capture(new_stream(), kThreadLocal, [&] {
    if (planted) allocate();
    return cudaSuccess;
  });
}

// A call of another thread spoils a capture of mode global; its thread learns so at the end.
KEEN_FAULT(end_after_a_call_of_another_thread, nullptr, cudaErrorStreamCaptureInvalidated) {
  return during_capture(new_stream(), planted ? kGlobal : kThreadLocal, [] {
    in_thread(allocate);
    return cudaSuccess;
  });
}

KEEN_FAULT(state_after_an_invalid_call, nullptr, cudaErrorStreamCaptureInvalidated) {
  cudaStream_t a = new_stream();
  auto status = cudaStreamCaptureStatusNone;
  during_capture(a, kThreadLocal, [&] {
    if (planted) allocate();
    return cudaStreamIsCapturing(a, &status);
  });
  if (status == cudaStreamCaptureStatusInvalidated) return cudaErrorStreamCaptureInvalidated;
  return status == cudaStreamCaptureStatusActive ? cudaSuccess : cudaErrorUnknown;
}

// ---- 902, 903, 904: what belongs together -----------------------------------------------------

KEEN_FAULT(two_captures_merged, nullptr, cudaErrorStreamCaptureMerge) {
  cudaStream_t a = new_stream(), b = new_stream();
  cudaEvent_t event = new_event();
  return during_capture(a, kThreadLocal, [&] {
    return during_capture(b, kThreadLocal, [&] {
      KEEN_CUDA_CHECK(cudaEventRecord(event, planted ? a : b));
      return cudaStreamWaitEvent(b, event, 0);
    });
  });
}

KEEN_FAULT(ended_in_a_joined_stream, nullptr, cudaErrorStreamCaptureUnmatched) {
  cudaStream_t a = new_stream(), b = new_stream();
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, kThreadLocal));
  order(a, b);
  order(b, a);
  const cudaError_t error = cudaStreamEndCapture(planted ? b : a, &graph);
  if (planted) cudaStreamEndCapture(a, &graph);
  cudaGetLastError();
  return error;
}

KEEN_FAULT(fork_without_work_not_joined, nullptr, cudaErrorStreamCaptureUnjoined) {
  cudaStream_t a = new_stream(), b = new_stream();
  return during_capture(a, kThreadLocal, [&] {
    order(a, b);
    if (!planted) order(b, a);
    return cudaSuccess;
  });
}

// Work after the join is not joined.
KEEN_FAULT(work_after_the_join, nullptr, cudaErrorStreamCaptureUnjoined) {
  float* x = zeros();
  cudaStream_t a = new_stream(), b = new_stream();
  return during_capture(a, kThreadLocal, [&] {
    order(a, b);
    if (planted) order(b, a);
    KEEN_CUDA_CHECK(cudaMemsetAsync(x, 0, 64, b));
    if (!planted) order(b, a);
    return cudaSuccess;
  });
}

// ---- 905, 906: what comes from outside --------------------------------------------------------

KEEN_FAULT(waits_for_an_event_from_outside, nullptr, cudaErrorStreamCaptureIsolation) {
  cudaStream_t a = new_stream(), b = new_stream();
  cudaEvent_t event = new_event();
  KEEN_CUDA_CHECK(cudaEventRecord(event, b));
  if (!planted) KEEN_CUDA_CHECK(cudaStreamWaitEvent(a, event, 0));
  return during_capture(a, kThreadLocal,
                        [&] { return planted ? cudaStreamWaitEvent(a, event, 0) : cudaSuccess; });
}

cudaStream_t stream_with(unsigned flags) {
  cudaStream_t made = nullptr;
  KEEN_CUDA_CHECK(cudaStreamCreateWithFlags(&made, flags));
  return made;
}

KEEN_FAULT(legacy_stream_beside_a_blocking_one, nullptr, cudaErrorStreamCaptureImplicit) {
  float* x = zeros();
  cudaStream_t a = stream_with(planted ? cudaStreamDefault : cudaStreamNonBlocking);
  return during_capture(a, kRelaxed, [&] { return cudaMemsetAsync(x, 0, 64, cudaStreamLegacy); });
}

KEEN_FAULT(launch_to_legacy_beside_a_blocking_one, nullptr, cudaErrorStreamCaptureImplicit) {
  float* x = zeros();
  cudaStream_t a = stream_with(planted ? cudaStreamDefault : cudaStreamNonBlocking);
  return during_capture(a, kRelaxed, [&] {
    store_at<<<1, 32>>>(x, 0);
    return cudaGetLastError();
  });
}

// The header of cudaStreamIsCapturing: the capture stays valid.
KEEN_FAULT(legacy_stream_asked, nullptr, cudaErrorStreamCaptureImplicit) {
  cudaStream_t a = stream_with(cudaStreamDefault);
  cudaError_t error = cudaSuccess;
  const cudaError_t end = during_capture(a, kRelaxed, [&] {
    auto status = cudaStreamCaptureStatusNone;
    error = cudaStreamIsCapturing(planted ? cudaStreamLegacy : a, &status);
    return cudaSuccess;
  });
  return end == cudaSuccess ? error : end;
}

// ---- 907, 908: events and threads -------------------------------------------------------------

KEEN_FAULT(captured_event_queried, nullptr, cudaErrorCapturedEvent) {
  cudaStream_t a = new_stream();
  cudaEvent_t event = new_event();
  KEEN_CUDA_CHECK(cudaEventRecord(event, new_stream()));
  KEEN_CUDA_CHECK(cudaEventSynchronize(event));
  return during_capture(a, kRelaxed, [&] {
    if (planted) KEEN_CUDA_CHECK(cudaEventRecord(event, a));
    return cudaEventQuery(event);
  });
}

KEEN_FAULT(captured_event_synchronised_later, nullptr, cudaErrorCapturedEvent) {
  cudaStream_t a = new_stream();
  cudaEvent_t event = new_event();
  during_capture(a, kThreadLocal, [&] { return cudaEventRecord(event, a); });
  if (!planted) KEEN_CUDA_CHECK(cudaEventRecord(event, a));
  return cudaEventSynchronize(event);
}

KEEN_FAULT(captured_event_waited_for_later, nullptr, cudaErrorCapturedEvent) {
  cudaStream_t a = new_stream(), b = new_stream();
  cudaEvent_t event = new_event();
  during_capture(a, kThreadLocal, [&] { return cudaEventRecord(event, a); });
  if (!planted) KEEN_CUDA_CHECK(cudaEventRecord(event, a));
  return cudaStreamWaitEvent(b, event, 0);
}

KEEN_FAULT(ended_by_another_thread, nullptr, cudaErrorStreamCaptureWrongThread) {
  cudaStream_t a = new_stream();
  cudaGraph_t graph = nullptr;
  KEEN_CUDA_CHECK(cudaStreamBeginCapture(a, planted ? kThreadLocal : kRelaxed));
  const cudaError_t error = in_thread([&] { return cudaStreamEndCapture(a, &graph); });
  if (planted) KEEN_CUDA_CHECK(cudaStreamEndCapture(a, &graph));
  return error;
}

// ---- Begin and end ----------------------------------------------------------------------------

// The header names no error for these two; cudaErrorIllegalState is what the stand-in gives.
KEEN_FAULT(begun_twice, nullptr, cudaErrorIllegalState) {
  cudaStream_t a = new_stream(), b = new_stream();
  return during_capture(a, kThreadLocal, [&] {
    const cudaError_t error = cudaStreamBeginCapture(planted ? a : b, kThreadLocal);
    cudaGraph_t graph = nullptr;
    if (!planted) KEEN_CUDA_CHECK(cudaStreamEndCapture(b, &graph));
    return error;
  });
}

KEEN_FAULT(ended_twice, nullptr, cudaErrorIllegalState) {
  cudaStream_t a = new_stream();
  const cudaError_t error = during_capture(a, kThreadLocal, [] { return cudaSuccess; });
  cudaGraph_t graph = nullptr;
  return planted ? cudaStreamEndCapture(a, &graph) : error;
}

}  // namespace

int main(int argc, char** argv) { return run_faults(argc, argv); }
