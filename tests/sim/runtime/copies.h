#pragma once
#include <driver_types.h>

#include <cstddef>

#include "tests/sim/runtime/stream.h"

namespace keen::sim {

// Whether a copy that has been issued, and has not run, uses the page-locked host memory.
bool has_pending_copy(const void* pointer, std::size_t bytes);

// `rows` rows of `width` bytes; pitches in bytes. A plain copy has one row.
struct CopyShape {
  void* target;
  std::size_t target_pitch;
  const void* source;
  std::size_t source_pitch;
  std::size_t width;
  std::size_t rows;
};

// `blocking`: as cudaMemcpy, which waits where the documentation says so ("API synchronization
// behavior"); else as cudaMemcpyAsync. The result is recorded.
cudaError_t copy(const char* api, const CopyShape& shape, cudaMemcpyKind kind, Stream& stream,
                 bool blocking);

}  // namespace keen::sim
