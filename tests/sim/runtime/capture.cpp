#include "tests/sim/runtime/capture.h"

#include <algorithm>
#include <utility>

namespace keen::sim {
namespace {

thread_local cudaStreamCaptureMode t_mode = cudaStreamCaptureModeGlobal;

void add_dependencies(std::vector<std::size_t>& target, const std::vector<std::size_t>& added) {
  for (const std::size_t node : added) {
    if (std::ranges::find(target, node) == target.end()) target.push_back(node);
  }
}

// Whether the end of the origin comes after every node, markers of forks included.
bool is_joined(const Capture& capture) {
  std::vector<bool> reached(capture.nodes.size(), false);
  std::vector<std::size_t> open = capture.origin->capture_after;
  while (!open.empty()) {
    const std::size_t node = open.back();
    open.pop_back();
    if (reached[node]) continue;
    reached[node] = true;
    const auto& after = capture.nodes[node].node.after;
    open.insert(open.end(), after.begin(), after.end());
  }
  return std::ranges::all_of(reached, [](bool value) { return value; });
}

void finish_capture(const CaptureRef& capture) {
  capture->ended = true;
  Runtime& runtime = Runtime::get();
  for (Stream* stream : runtime.streams.live()) {
    if (stream->capture != capture) continue;
    stream->capture = nullptr;
    stream->capture_after.clear();
  }
  std::erase(runtime.captures, capture);
}

}  // namespace

// Programming Guide, "Invalidation": an invalid operation during stream capture invalidates the
// graphs that it concerns.
cudaError_t invalidate(Capture& capture, cudaError_t error) {
  capture.invalid = true;
  return error;
}

// cuda_runtime_api.h, cudaThreadExchangeStreamCaptureMode: which calls are unsafe in which mode, of
// this thread's captures and of others'. driver_types.h, cudaErrorStreamCaptureUnsupported.
cudaError_t refuse_in_capture() {
  if (t_mode == cudaStreamCaptureModeRelaxed) return cudaSuccess;
  cudaError_t result = cudaSuccess;
  for (const CaptureRef& capture : Runtime::get().captures) {
    const bool own = capture->thread == Machine::thread().actor;
    const bool forbids =
        own ? capture->mode != cudaStreamCaptureModeRelaxed
            : t_mode == cudaStreamCaptureModeGlobal && capture->mode == cudaStreamCaptureModeGlobal;
    if (forbids) result = invalidate(*capture, cudaErrorStreamCaptureUnsupported);
  }
  return result;
}

cudaError_t check_implicit_capture(const Stream& stream, bool invalidates) {
  if (!stream.legacy) return cudaSuccess;
  cudaError_t result = cudaSuccess;
  for (const Stream* other : Runtime::get().streams.live()) {
    if (other->capture == nullptr || !other->blocking || other->device != stream.device) continue;
    result = cudaErrorStreamCaptureImplicit;
    if (invalidates) other->capture->invalid = true;
  }
  return result;
}

cudaError_t refuse_capturing(const Stream& stream) {
  if (const cudaError_t error = check_implicit_capture(stream)) return error;
  if (stream.capture == nullptr) return cudaSuccess;
  return invalidate(*stream.capture, cudaErrorStreamCaptureUnsupported);
}

// Programming Guide, "Prohibited and Unhandled Operations": nor may a broader handle, such as the
// device's, be synchronised or queried.
cudaError_t refuse_capturing_device(int device) {
  cudaError_t result = cudaSuccess;
  for (const Stream* stream : Runtime::get().streams.live()) {
    if (stream->device != device || stream->capture == nullptr) continue;
    result = invalidate(*stream->capture, cudaErrorStreamCaptureUnsupported);
  }
  return result;
}

cudaError_t capture_operation(Stream& stream, Operation operation) {
  GraphNode node;
  node.operation = std::move(operation);
  return capture_node(stream, std::move(node));
}

cudaError_t capture_node(Stream& stream, GraphNode node) {
  Capture& capture = *stream.capture;
  if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
  node.device = stream.device;
  node.after = stream.capture_after;
  capture.nodes.push_back({std::move(node)});
  stream.capture_after = {capture.nodes.size() - 1};
  return cudaSuccess;
}

cudaError_t capture_record(Stream& stream, Event& event) {
  if (stream.capture->invalid) return cudaErrorStreamCaptureInvalidated;
  event.recorded = true;
  event.work = nullptr;
  event.capture = stream.capture;
  event.capture_after = stream.capture_after;
  return cudaSuccess;
}

cudaError_t capture_wait(Stream& stream, const Event& event) {
  if (stream.capture != nullptr && stream.capture->invalid) {
    return cudaErrorStreamCaptureInvalidated;
  }
  if (event.capture == nullptr) {
    // The event was recorded outside. An event that was never recorded stands for no work.
    if (!event.recorded) return cudaSuccess;
    return invalidate(*stream.capture, cudaErrorStreamCaptureIsolation);
  }
  Capture& capture = *event.capture;
  if (capture.ended) {
    return stream.capture == nullptr ? cudaErrorCapturedEvent
                                     : invalidate(*stream.capture, cudaErrorCapturedEvent);
  }
  if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
  // The legacy default stream cannot be captured (cuda_runtime_api.h: cudaStreamBeginCapture).
  if (stream.legacy) return invalidate(capture, cudaErrorStreamCaptureImplicit);
  if (stream.capture != nullptr && stream.capture != event.capture) {
    stream.capture->invalid = true;
    return invalidate(capture, cudaErrorStreamCaptureMerge);
  }
  if (stream.capture == nullptr) {
    CaptureNode& joins = capture.nodes.emplace_back();
    joins.marker = true;
    joins.node.after = event.capture_after;
    stream.capture = event.capture;
    stream.capture_after = {capture.nodes.size() - 1};
    return cudaSuccess;
  }
  add_dependencies(stream.capture_after, event.capture_after);
  return cudaSuccess;
}

cudaError_t begin_capture(Stream& stream, cudaStreamCaptureMode mode) {
  static unsigned long long captures = 0;
  // cuda_runtime_api.h, cudaStreamBeginCapture: not cudaStreamLegacy; the code is unsourced.
  if (stream.legacy) return cudaErrorStreamCaptureUnsupported;
  // The header names no error for a second begin; a stream in the wrong state is this one
  // (unsourced).
  if (stream.capture != nullptr) return invalidate(*stream.capture, cudaErrorIllegalState);
  auto capture = std::make_shared<Capture>();
  capture->id = ++captures;
  capture->origin = &stream;
  capture->mode = mode;
  capture->thread = Machine::thread().actor;
  stream.capture = capture;
  stream.capture_after.clear();
  Runtime::get().captures.push_back(capture);
  return cudaSuccess;
}

cudaError_t end_capture(Stream& stream, CaptureRef* ended) {
  const CaptureRef capture = stream.capture;
  if (capture == nullptr) return cudaErrorIllegalState;  // unsourced, as in begin_capture
  if (capture->origin != &stream) {
    return invalidate(*capture, cudaErrorStreamCaptureUnmatched);
  }
  // The capture goes on: it is for its own thread to end it.
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != Machine::thread().actor) {
    return cudaErrorStreamCaptureWrongThread;
  }
  const bool joined = is_joined(*capture);
  finish_capture(capture);
  if (capture->invalid) return cudaErrorStreamCaptureInvalidated;
  if (!joined) return cudaErrorStreamCaptureUnjoined;
  *ended = capture;
  return cudaSuccess;
}

cudaError_t capture_status(const Stream& stream, cudaStreamCaptureStatus* status) {
  // cuda_runtime_api.h, cudaStreamIsCapturing: the capture is not invalidated.
  if (const cudaError_t error = check_implicit_capture(stream, false)) return error;
  if (stream.capture == nullptr) {
    *status = cudaStreamCaptureStatusNone;
  } else {
    *status = stream.capture->invalid ? cudaStreamCaptureStatusInvalidated
                                      : cudaStreamCaptureStatusActive;
  }
  return cudaSuccess;
}

void exchange_capture_mode(cudaStreamCaptureMode* mode) { std::swap(t_mode, *mode); }

}  // namespace keen::sim
