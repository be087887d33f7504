#pragma once
#include <driver_types.h>

#include "tests/sim/runtime/stream.h"

namespace keen::sim {

// The rules of driver_types.h for cudaErrorStreamCapture* and of cuda_runtime_api.h for
// cudaThreadExchangeStreamCaptureMode.

// For calls that are not enqueued to a stream, or that wait: what they do would be missing from a
// graph. Where the modes of this thread and of the captures forbid it, these captures become
// invalid and the result is cudaErrorStreamCaptureUnsupported.
cudaError_t refuse_in_capture();

// cudaErrorStreamCaptureImplicit where the stream is the legacy default stream and a blocking
// stream of the device is capturing. Invalidates these captures if `invalidates`.
cudaError_t check_implicit_capture(const Stream& stream, bool invalidates = true);

// For waits and queries: the stream itself must not be capturing, whatever the mode.
cudaError_t refuse_capturing(const Stream& stream);
// The same for all streams of a device.
cudaError_t refuse_capturing_device(int device);

// The operation becomes a node of the stream's capture.
cudaError_t capture_operation(Stream& stream, Operation operation);
// The same for a node with more to it; its device and what it comes after are filled in.
cudaError_t capture_node(Stream& stream, GraphNode node);
// The capture becomes invalid; the result is `error`.
cudaError_t invalidate(Capture& capture, cudaError_t error);

// cudaEventRecord and cudaStreamWaitEvent where a capture is concerned.
cudaError_t capture_record(Stream& stream, Event& event);
cudaError_t capture_wait(Stream& stream, const Event& event);

cudaError_t begin_capture(Stream& stream, cudaStreamCaptureMode mode);
// The error of the end; what was captured is still in `ended` where it is cudaSuccess.
cudaError_t end_capture(Stream& stream, CaptureRef* ended);
cudaError_t capture_status(const Stream& stream, cudaStreamCaptureStatus* status);

// Swaps the mode of the calling thread.
void exchange_capture_mode(cudaStreamCaptureMode* mode);

}  // namespace keen::sim
