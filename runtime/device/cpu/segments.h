// Large blocks within segments mapped from the system: best fit, split, merged when freed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/device/size_bins.h"

namespace keen::device::cpu {

// Not thread-safe: the allocator holds its lock.
class Segments {
 public:
  // A block of at least `bytes`, aligned to 64, or null if the system has no memory.
  [[nodiscard]] void* allocate(std::size_t bytes);
  // Gives a block back and merges it with free neighbours.
  void deallocate(void* block) noexcept;
  // Unmaps the segments that are wholly free.
  void trim() noexcept;
  // Size of a block handed out, as stats count it.
  [[nodiscard]] static std::size_t block_bytes(const void* block);
  // Bytes mapped from the system.
  [[nodiscard]] std::int64_t reserved() const { return reserved_; }

 private:
  // Precedes each block in memory; 64 bytes keep the block aligned. Blocks of a segment lie side by
  // side; the last is followed by the segment's end.
  struct alignas(64) Header {
    std::size_t bytes;  // of the block, without the header
    Header* before;     // neighbour below, null for the first of a segment
    bool free;
    bool last;
    Header* next_free;
    Header* previous_free;
  };
  static constexpr std::size_t kSegmentBytes = std::size_t{32} << 20;
  static constexpr std::size_t kSegmentGranule = std::size_t{2} << 20;

  [[nodiscard]] static Header* after(Header* header);
  [[nodiscard]] Header* best_fit(std::size_t bytes) const;
  [[nodiscard]] Header* map_segment(std::size_t bytes);
  void split(Header* header, std::size_t bytes);
  void insert_free(Header* header) noexcept;
  void remove_free(Header* header) noexcept;

  Header* bins_[kSizeBins] = {};
  std::int64_t reserved_ = 0;
};

}  // namespace keen::device::cpu
