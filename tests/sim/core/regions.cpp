#include "tests/sim/core/regions.h"

#include <algorithm>

namespace keen::sim {

std::string Region::title() const {
  return "the announced block " + (name.empty() ? "" : "'" + name + "' ") + "of " +
         std::to_string(bytes) + " bytes";
}

View Regions::view() {
  auto& kept = views_[moment_];
  View made = kept.lock();
  if (made == nullptr) {
    made = std::make_shared<const std::uint64_t>(moment_);
    kept = made;
  }
  return made;
}

const std::pair<const Address, Regions::Heap>* Regions::heap_of(Address address) const {
  const auto next = heaps_.upper_bound(address);
  if (next == heaps_.begin()) return nullptr;
  const auto before = std::prev(next);
  return address - before->first < before->second.bytes ? &*before : nullptr;
}

Region* Regions::living_at(Address address) {
  const auto next = living_.upper_bound(address);
  if (next == living_.begin()) return nullptr;
  Region& before = std::prev(next)->second;
  return before.holds(address) ? &before : nullptr;
}

std::string Regions::add_heap(Address base, std::size_t bytes, const std::string& name,
                              bool reserved) {
  const auto next = heaps_.lower_bound(base);
  if (heap_of(base) != nullptr || (next != heaps_.end() && next->first - base < bytes)) {
    return "the heap overlaps another one";
  }
  heaps_[base] = {.bytes = bytes, .name = name, .reserved = reserved, .born = ++moment_};
  return "";
}

std::string Regions::reset_heap(Address base) {
  const auto heap = heaps_.find(base);
  if (heap == heaps_.end()) return "there is no such heap";
  ++moment_;
  const Address end = base + heap->second.bytes;
  for (auto at = living_.lower_bound(base); at != living_.end() && at->first < end;) {
    bury(at++);
  }
  return "";
}

std::string Regions::remove_heap(Address base) {
  std::string refused = reset_heap(base);
  if (!refused.empty()) return refused;
  // The memory is the program's again as a whole.
  const Address end = base + heaps_[base].bytes;
  for (const auto& region : dead_) region->layout |= region->base >= base && region->base < end;
  heaps_.erase(base);
  return "";
}

std::string Regions::add(Address base, std::size_t bytes, Address heap) {
  if (bytes == 0) return "the block has no bytes";
  const auto* around = heap_of(base);
  if (heap != 0 &&
      (around == nullptr || around->first != heap || base - heap + bytes > around->second.bytes)) {
    return "the block does not lie in the heap";
  }
  const auto next = living_.lower_bound(base);
  if (living_at(base) != nullptr || (next != living_.end() && next->first - base < bytes)) {
    return "the block overlaps one that is announced";
  }
  Region made;
  made.base = base;
  made.bytes = bytes;
  made.born = ++moment_;
  if (heap != 0) {
    made.name = around->second.name.empty() ? "" : around->second.name + "+";
    if (!made.name.empty()) made.name += std::to_string(base - heap);
    made.layout = !around->second.reserved;
  }
  living_[base] = std::move(made);
  return "";
}

std::string Regions::resize(Address base, std::size_t bytes) {
  const auto found = living_.find(base);
  if (found == living_.end()) return "there is no such block";
  const auto next = std::next(found);
  if (bytes == 0 || (next != living_.end() && next->first - base < bytes)) {
    return "the block cannot have " + std::to_string(bytes) + " bytes";
  }
  ++moment_;
  Region made = found->second;
  made.born = moment_;
  made.fresh = true;
  made.bytes = bytes;
  bury(found);
  living_[base] = std::move(made);
  return "";
}

std::string Regions::remove(Address base) {
  const auto found = living_.find(base);
  if (found == living_.end()) return "there is no such block";
  ++moment_;
  bury(found);
  return "";
}

std::string Regions::rename(Address base, const std::string& name) {
  const auto found = living_.find(base);
  if (found == living_.end()) return "there is no such block";
  found->second.name = name;
  return "";
}

void Regions::forget(Address low, Address high) {
  const auto inside = [&](Address base) { return base >= low && base < high; };
  std::erase_if(heaps_, [&](const auto& heap) { return inside(heap.first); });
  std::erase_if(living_, [&](const auto& region) { return inside(region.first); });
  std::erase_if(dead_, [&](const auto& region) { return inside(region->base); });
}

void Regions::bury(std::map<Address, Region>::iterator region) {
  auto& made = *dead_.emplace_back(std::make_unique<Region>(std::move(region->second)));
  made.died = moment_;
  living_.erase(region);
  if (dead_.size() >= sweep_at_) sweep();
}

bool Regions::seen(const Region& region) const {
  for (auto at = views_.lower_bound(region.born); at != views_.end() && at->first < region.died;
       ++at) {
    if (!at->second.expired()) return true;
  }
  return false;
}

// Dead blocks are kept for work that still sees them, and as the last one that held some bytes, for
// the names in findings.
void Regions::sweep() {
  std::erase_if(views_, [](const auto& view) { return view.second.expired(); });
  std::vector<std::unique_ptr<Region>> kept;
  std::map<Address, Address> covered;  // by blocks that were announced later: begin to end
  for (const auto& [base, region] : living_) covered[base] = base + region.bytes;
  for (auto dead = dead_.rbegin(); dead != dead_.rend(); ++dead) {
    Region& region = **dead;
    const Address end = region.base + region.bytes;
    const auto next = covered.lower_bound(end);
    const bool overlapped = next != covered.begin() && std::prev(next)->second > region.base;
    if (overlapped && !seen(region)) continue;
    if (!overlapped) covered[region.base] = end;
    kept.push_back(std::move(*dead));
  }
  std::ranges::reverse(kept);
  dead_ = std::move(kept);
  sweep_at_ = std::max<std::size_t>(64, 2 * dead_.size());
}

Reach Regions::reach(Address address, Address low, Address high, const View& seen_by) {
  const std::uint64_t moment = seen_by == nullptr ? moment_ : *seen_by;
  Region* region = living_at(address);
  if (region != nullptr && region->born <= moment) {
    return {.low = region->base, .high = region->base + region->bytes, .region = region};
  }
  return search(address, low, high, moment);
}

Reach Regions::search(Address address, Address low, Address high, std::uint64_t moment) {
  Reach found{.low = low, .high = high};
  Region* ended = nullptr;         // the last that held the byte
  const Region* before = nullptr;  // the nearest below
  const auto look_at = [&](Region& region) {
    const bool alive = region.alive_at(moment);
    if (!alive && (region.died > moment || region.layout)) return;
    const Address end = region.base + region.bytes;
    if (region.holds(address)) {
      if (alive) found.region = &region;
      if (!alive && (ended == nullptr || ended->died < region.died)) ended = &region;
    } else if (region.base > address) {
      found.high = std::min(found.high, region.base);
    } else {
      if (alive && end > found.low) before = &region;
      found.low = std::max(found.low, end);
    }
  };
  for (auto at = living_.lower_bound(low); at != living_.end() && at->first < high; ++at) {
    look_at(at->second);
  }
  for (const auto& region : dead_) {
    if (region->base >= low && region->base < high) look_at(*region);
  }
  const auto* heap = heap_of(address);
  if (found.region != nullptr) {
    found.low = found.region->base;
    found.high = found.low + found.region->bytes;
  } else if (ended != nullptr) {
    found.wrong = "use-after-free";
    found.what = "byte " + std::to_string(address - ended->base) + " of " + ended->title() +
                 ", which was taken back";
  } else if (heap != nullptr && heap->second.reserved && heap->second.born <= moment) {
    found.wrong = "out-of-bounds";
    found.what = "byte " + std::to_string(address - heap->first) + " of the announced heap '" +
                 heap->second.name + "', in no block";
    if (before != nullptr) {
      found.what += "; " + std::to_string(address - before->base - before->bytes) +
                    " bytes behind " + before->title();
    }
  } else {
    cut_gap(found, address, moment);
  }
  return found;
}

// Beside a gap a reserved heap may begin or end.
void Regions::cut_gap(Reach& gap, Address address, std::uint64_t moment) const {
  for (const auto& [base, heap] : heaps_) {
    if (!heap.reserved || heap.born > moment) continue;
    if (base > address) gap.high = std::min(gap.high, base);
    if (base + heap.bytes <= address) gap.low = std::max(gap.low, base + heap.bytes);
  }
}

}  // namespace keen::sim
