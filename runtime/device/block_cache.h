// Which parts of large segments are in use: best fit, split, merged when freed. Only numbers: the
// memory itself is never touched, so it may be a device's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "runtime/device/size_bins.h"

namespace keen::device {

// Not thread-safe: its owner holds a lock.
class BlockCache {
 public:
  BlockCache() = default;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  // A block of `bytes` (a multiple of kSizeGranule) from what is free, or null.
  [[nodiscard]] void* allocate(std::size_t bytes);
  // A segment from which blocks come from now on. Its address and size are multiples of
  // kSizeGranule.
  void add_segment(void* memory, std::size_t bytes);
  // Gives a block back and merges it with its free neighbours; answers its size.
  std::size_t deallocate(void* block);
  // Forgets the segments that are wholly free and answers where they are.
  [[nodiscard]] std::vector<void*> take_free_segments();

  [[nodiscard]] std::size_t reserved() const { return reserved_; }
  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  [[nodiscard]] std::size_t largest_free() const;

 private:
  struct Block {
    char* at = nullptr;
    std::size_t bytes = 0;
    Block* before = nullptr;  // neighbours in the segment
    Block* after = nullptr;
    bool free = false;
    Block* next_free = nullptr;
    Block* previous_free = nullptr;
  };

  [[nodiscard]] Block* make_block();
  void drop_block(Block* block) { spare_.push_back(block); }
  [[nodiscard]] Block* best_fit(std::size_t bytes) const;
  void insert_free(Block* block);
  void remove_free(Block* block);
  void absorb_next(Block* block);

  std::array<Block*, kSizeBins> bins_{};
  std::unordered_map<void*, Block*> blocks_;  // those in use
  std::vector<std::unique_ptr<Block>> all_;
  std::vector<Block*> spare_;
  std::size_t reserved_ = 0;
  std::size_t in_use_ = 0;
};

}  // namespace keen::device
