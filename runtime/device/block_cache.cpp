#include "runtime/device/block_cache.h"

#include <algorithm>

namespace keen::device {

BlockCache::Block* BlockCache::make_block() {
  if (spare_.empty()) {
    all_.push_back(std::make_unique<Block>());
    spare_.reserve(all_.size());
    return all_.back().get();
  }
  Block* block = spare_.back();
  spare_.pop_back();
  *block = Block{};
  return block;
}

BlockCache::Block* BlockCache::best_fit(std::size_t bytes) const {
  for (auto bin = static_cast<std::size_t>(size_bin(bytes)); bin < bins_.size(); ++bin) {
    Block* best = nullptr;
    for (Block* at = bins_[bin]; at != nullptr; at = at->next_free) {
      if (at->bytes >= bytes && (best == nullptr || at->bytes < best->bytes)) best = at;
    }
    if (best != nullptr) return best;
  }
  return nullptr;
}

void BlockCache::insert_free(Block* block) {
  Block*& head = bins_[static_cast<std::size_t>(size_bin(block->bytes))];
  block->free = true;
  block->previous_free = nullptr;
  block->next_free = head;
  if (head != nullptr) head->previous_free = block;
  head = block;
}

void BlockCache::remove_free(Block* block) {
  if (block->next_free != nullptr) block->next_free->previous_free = block->previous_free;
  if (block->previous_free != nullptr) {
    block->previous_free->next_free = block->next_free;
  } else {
    bins_[static_cast<std::size_t>(size_bin(block->bytes))] = block->next_free;
  }
  block->free = false;
}

void BlockCache::absorb_next(Block* block) {
  Block* next = block->after;
  block->bytes += next->bytes;
  block->after = next->after;
  if (block->after != nullptr) block->after->before = block;
  drop_block(next);
}

void* BlockCache::allocate(std::size_t bytes) {
  Block* block = best_fit(bytes);
  if (block == nullptr) return nullptr;
  // Whatever may fail comes first.
  Block* rest = block->bytes > bytes ? make_block() : nullptr;
  blocks_.emplace(block->at, block);
  remove_free(block);
  if (rest != nullptr) {
    rest->at = block->at + bytes;
    rest->bytes = block->bytes - bytes;
    rest->before = block;
    rest->after = block->after;
    if (rest->after != nullptr) rest->after->before = rest;
    block->bytes = bytes;
    block->after = rest;
    insert_free(rest);
  }
  in_use_ += bytes;
  return block->at;
}

void BlockCache::add_segment(void* memory, std::size_t bytes) {
  Block* block = make_block();
  block->at = static_cast<char*>(memory);
  block->bytes = bytes;
  reserved_ += bytes;
  insert_free(block);
}

std::size_t BlockCache::deallocate(void* memory) {
  const auto found = blocks_.find(memory);
  Block* block = found->second;
  blocks_.erase(found);
  const std::size_t bytes = block->bytes;
  in_use_ -= bytes;
  if (block->after != nullptr && block->after->free) {
    remove_free(block->after);
    absorb_next(block);
  }
  if (Block* before = block->before; before != nullptr && before->free) {
    remove_free(before);
    absorb_next(before);
    block = before;
  }
  insert_free(block);
  return bytes;
}

std::vector<void*> BlockCache::take_free_segments() {
  std::vector<void*> segments;
  for (Block* head : bins_) {
    for (Block* at = head; at != nullptr;) {
      Block* next = at->next_free;
      if (at->before == nullptr && at->after == nullptr) {
        segments.push_back(at->at);
        reserved_ -= at->bytes;
        remove_free(at);
        drop_block(at);
      }
      at = next;
    }
  }
  return segments;
}

std::size_t BlockCache::largest_free() const {
  std::size_t largest = 0;
  for (const Block* head : bins_) {
    for (const Block* at = head; at != nullptr; at = at->next_free) {
      largest = std::max(largest, at->bytes);
    }
  }
  return largest;
}

}  // namespace keen::device
