// Tells tools where the blocks within a segment lie, through NVTX's memory API (nvToolsExtMem.h),
// which compute-sanitizer reads with --nvtx yes: each block then has bounds and a lifetime of its
// own, and is undefined at first. Without a tool a call costs little more than a test of a pointer.
#pragma once

#include <cstddef>
#include <map>

namespace keen::device::cuda {

// Not thread-safe: the allocator holds its lock.
class NvtxMemory {
 public:
  void add_segment(void* memory, std::size_t bytes);
  void remove_segment(void* memory) noexcept;
  // A block within a segment.
  void add_block(void* memory, std::size_t bytes) noexcept;
  void remove_block(void* memory) noexcept;

 private:
  std::map<void*, const void*> heaps_;  // NVTX's handle, by the address of the segment
};

}  // namespace keen::device::cuda
