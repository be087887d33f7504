#pragma once
#include <cstddef>

#include "tests/sim/core/memory.h"
#include "tests/sim/runtime/stream.h"

namespace keen::sim {

// Stream, event and device synchronisation hand memory above the release threshold back
// (driver_types.h: cudaMemPoolAttrReleaseThreshold).
void release_pools(int device);

// Bytes that the pools of the device hold without using them.
std::size_t cached_pool_bytes(int device);

// The pool that the block at `base` came from, if it is in use; the block is then out of the pool.
void return_to_pool(Address base);
bool is_pool_block(Address base);
// Of cudaMalloc, in use.
bool is_plain_block(Address base);

}  // namespace keen::sim
