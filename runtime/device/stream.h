// Streams and events: the order of work on one device.
//
// Note [Asynchronous devices]
// The CPU runs every operation before the call returns, so its streams and events hold no state.
// The interface is that of an asynchronous device, where each operation means:
//
//  - DeviceContext::allocate. CPU: a block from the cache. GPU: a block that is free in stream
//    order; nobody waits.
//  - DeviceContext::deallocate. CPU: the block goes to the cache. GPU: it can be used again on its
//    stream at once, on another one after the event of its last use.
//  - DeviceContext::copy. CPU: memcpy. GPU: cudaMemcpyAsync; host memory goes by way of pinned
//    staging.
//  - The kernel of a row. CPU: runs. GPU: is enqueued on the compute stream.
//  - DeviceContext::record. CPU: an event that is complete. GPU: cudaEventRecord.
//  - DeviceContext::wait. CPU: nothing. GPU: cudaStreamWaitEvent; the stream waits, not the host.
//  - DeviceContext::synchronize. CPU: nothing. GPU: the host waits; an asynchronous error of an
//    earlier op is thrown here, with the name of that op where it is known.
//  - Tensor::item and Tensor::to_vector. CPU: a read. GPU: a copy to the host, then synchronize.
//
// Errors of arguments and shapes are always thrown by the op itself. After a fault that the device
// cannot recover from, every later call on the context throws the first one again.
#pragma once

#include <cstdint>

#include "runtime/device/device.h"

namespace keen::device {

// A queue of work. Stream 0 of a device is its compute stream, 1 the copy stream.
struct Stream {
  Device device;
  std::uint16_t id = 0;
  friend bool operator==(const Stream&, const Stream&) = default;
};

// A point in a stream. `handle` belongs to the backend; 0 is an event that has already happened.
struct Event {
  Device device;
  std::uint64_t handle = 0;
};

}  // namespace keen::device
