#include "runtime/tensor/kernel_counters.h"

#include <bit>
#include <utility>

namespace keen::random {
namespace {

constexpr std::size_t kFirstSlots = 4096;

std::size_t hash_of(const KernelKey& key) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = std::bit_cast<std::uintptr_t>(key.op);
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(key.seed), static_cast<std::uint64_t>(key.seed2),
        static_cast<std::uint64_t>(key.dtype)}) {
    hash = (hash ^ part) * kOdd;
    hash ^= hash >> 32U;
  }
  return hash;
}

}  // namespace

// The slot that holds `key`, or the empty one where it belongs.
KernelCounters::Entry& KernelCounters::slot_of(Slots& slots, const KernelKey& key) {
  std::size_t at = hash_of(key) & (slots.size() - 1);
  while (slots[at].key.op != nullptr && slots[at].key != key) {
    at = (at + 1) & (slots.size() - 1);
  }
  return slots[at];
}

std::uint64_t& KernelCounters::operator[](const KernelKey& key) {
  Entry* entry = &slot_of(young_, key);
  if (entry->key.op == nullptr) {
    make_room();
    entry = &slot_of(young_, key);
    entry->key = key;
    entry->blocks = old_.empty() ? 0 : slot_of(old_, key).blocks;
    ++size_;
  }
  return entry->blocks;
}

void KernelCounters::make_room() {
  if (size_ < young_.size() / 2) {
    return;
  }
  if (size_ >= kGeneration) {
    old_ = std::exchange(young_, Slots(kFirstSlots));
    size_ = 0;
    return;
  }
  Slots larger(2 * young_.size());
  for (const Entry& entry : young_) {
    if (entry.key.op != nullptr) {
      slot_of(larger, entry.key) = entry;
    }
  }
  young_ = std::move(larger);
}

void KernelCounters::clear() {
  young_ = Slots(kFirstSlots);
  old_ = Slots();
  size_ = 0;
}

}  // namespace keen::random
