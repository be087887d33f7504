#pragma once
#include <driver_types.h>

#include <vector>

#include "tests/sim/runtime/stream.h"

namespace keen::sim {

// nullptr: there is no such stream. 0 and cudaStreamLegacy are the legacy default stream of the
// current device; cudaStreamPerThread is one stream for each thread and device.
Stream* find_stream(cudaStream_t stream);

// The operation joins the end of the stream, or its capture; it also waits for `after`.
cudaError_t submit(Stream& stream, Operation operation, const std::vector<WorkRef>& after = {});

// A piece of work outside all streams: the node of a graph. What it waits for is added with
// add_blocker before it is released.
void add_blocker(const WorkRef& work, const WorkRef& blocker);
void release(const WorkRef& work);

// Runs one piece of work that is ready; false: there is none.
bool step();

// Whether all work issued to the stream so far is done; for the legacy default stream also that of
// the streams that it waits for.
bool is_finished(const Stream& stream);
// The calling thread knows from now on that the stream's work is done.
void learn(const Stream& stream);

// The host thread waits, and knows. The result is the sticky error.
cudaError_t wait_for(Stream& stream);
cudaError_t wait_for_device(int device);

}  // namespace keen::sim
