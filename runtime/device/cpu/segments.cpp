#include "runtime/device/cpu/segments.h"

#include <sys/mman.h>

#include <new>

namespace keen::device::cpu {

Segments::Header* Segments::after(Header* header) {
  if (header->last) return nullptr;
  return reinterpret_cast<Header*>(reinterpret_cast<char*>(header + 1) + header->bytes);
}

Segments::Header* Segments::best_fit(std::size_t bytes) const {
  for (int bin = size_bin(bytes); bin < kSizeBins; ++bin) {
    Header* best = nullptr;
    for (Header* at = bins_[bin]; at != nullptr; at = at->next_free) {
      if (at->bytes >= bytes && (best == nullptr || at->bytes < best->bytes)) best = at;
    }
    if (best != nullptr) return best;
  }
  return nullptr;
}

Segments::Header* Segments::map_segment(std::size_t bytes) {
  const std::size_t wanted = bytes + sizeof(Header);
  std::size_t size = wanted < kSegmentBytes ? kSegmentBytes : wanted;
  size = (size + kSegmentGranule - 1) / kSegmentGranule * kSegmentGranule;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  reserved_ += static_cast<std::int64_t>(size);
  auto* header = new (memory) Header{};
  header->bytes = size - sizeof(Header);
  header->last = true;
  return header;
}

void Segments::insert_free(Header* header) noexcept {
  Header*& head = bins_[size_bin(header->bytes)];
  header->free = true;
  header->previous_free = nullptr;
  header->next_free = head;
  if (head != nullptr) head->previous_free = header;
  head = header;
}

void Segments::remove_free(Header* header) noexcept {
  if (header->next_free != nullptr) header->next_free->previous_free = header->previous_free;
  if (header->previous_free != nullptr) {
    header->previous_free->next_free = header->next_free;
  } else {
    bins_[size_bin(header->bytes)] = header->next_free;
  }
  header->free = false;
}

// Cuts what `bytes` leave over into a free block of its own.
void Segments::split(Header* header, std::size_t bytes) {
  if (header->bytes < bytes + sizeof(Header) + kSizeGranule) return;
  auto* rest = new (reinterpret_cast<char*>(header + 1) + bytes) Header{};
  rest->bytes = header->bytes - bytes - sizeof(Header);
  rest->before = header;
  rest->last = header->last;
  header->bytes = bytes;
  header->last = false;
  if (Header* next = after(rest)) next->before = rest;
  insert_free(rest);
}

void* Segments::allocate(std::size_t bytes) {
  const std::size_t rounded = rounded_to_granules(bytes);
  if (rounded < bytes || rounded > (std::size_t{1} << 46)) return nullptr;
  Header* header = best_fit(rounded);
  if (header != nullptr) {
    remove_free(header);
  } else {
    header = map_segment(rounded);
    if (header == nullptr) return nullptr;
  }
  split(header, rounded);
  return header + 1;
}

void Segments::deallocate(void* block) noexcept {
  Header* header = static_cast<Header*>(block) - 1;
  if (Header* next = after(header); next != nullptr && next->free) {
    remove_free(next);
    header->bytes += sizeof(Header) + next->bytes;
    header->last = next->last;
    if (Header* beyond = after(header)) beyond->before = header;
  }
  if (Header* before = header->before; before != nullptr && before->free) {
    remove_free(before);
    before->bytes += sizeof(Header) + header->bytes;
    before->last = header->last;
    if (Header* beyond = after(before)) beyond->before = before;
    header = before;
  }
  insert_free(header);
}

void Segments::trim() noexcept {
  for (Header*& head : bins_) {
    for (Header* at = head; at != nullptr;) {
      Header* next = at->next_free;
      if (at->before == nullptr && at->last) {
        remove_free(at);
        const std::size_t size = at->bytes + sizeof(Header);
        reserved_ -= static_cast<std::int64_t>(size);
        munmap(at, size);
      }
      at = next;
    }
  }
}

std::size_t Segments::block_bytes(const void* block) {
  return (static_cast<const Header*>(block) - 1)->bytes;
}

}  // namespace keen::device::cpu
