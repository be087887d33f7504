#include "tests/sim/core/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/sim/core/machine.h"

namespace keen::sim {
namespace {

constexpr std::size_t kAlignment =
    256;                           // of cudaMalloc: Programming Guide, "Device Memory Accesses"
constexpr std::size_t kGap = 256;  // between allocations, so that overruns hit none
constexpr std::size_t kFillBytes = 16 << 20;

void reserve(Address address, int protection, std::size_t times = 1) {
  void* wanted = reinterpret_cast<void*>(address);
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  const std::size_t bytes = kAllWindows * times;
  if (mmap(wanted, bytes, protection, kFlags, -1, 0) == wanted) return;
  std::perror("cudasim: cannot reserve the addresses of the devices (a limit on virtual memory?)");
  std::_Exit(2);
}

std::string place(const Access& access) {
  char text[64];
  std::snprintf(text, sizeof text, " at %p, %zu bytes", access.pointer, access.bytes);
  return text;
}

std::string title_of(const Allocation& allocation) {
  return std::to_string(allocation.bytes) + " bytes from " + allocation.origin;
}

const char* verb(AccessKind kind) {
  if (kind == AccessKind::kFree) return "frees";
  if (kind == AccessKind::kAllocate) return "allocates";
  return kind == AccessKind::kWrite ? "writes" : "reads";
}

bool fault(const Execution& execution, const Access& access, const char* kind,
           const std::string& what) {
  Machine& machine = Machine::get();
  machine.report(kind, execution.name + " " + verb(access.kind) + place(access) + ": " + what);
  machine.set_sticky(cudaErrorIllegalAddress);
  return false;
}

}  // namespace

Memory& Memory::get() {
  static auto* memory = new Memory;
  return *memory;
}

Memory::Memory() {
  reserve(kWindowBase, PROT_NONE);
  reserve(kWindowBase + kBackingOffset, PROT_READ | PROT_WRITE);
  reserve(kWindowBase + kWrittenOffset, PROT_READ | PROT_WRITE);
  reserve(kRaceBase, PROT_READ | PROT_WRITE, kRaceBytes);
  madvise(reinterpret_cast<void*>(kRaceBase), kAllWindows * kRaceBytes, MADV_HUGEPAGE);
  for (int d = 0; d < kMaxDevices; ++d) next_[d] = kWindowBase + d * kWindowBytes + 4096;
}

Address Memory::allocate(int device, std::size_t bytes, AllocationKind kind,
                         const std::string& origin, std::size_t freed_before) {
  if (used_[device] + bytes > settings().memory + freed_before) return 0;
  const std::size_t room = (bytes + kAlignment - 1) / kAlignment * kAlignment + kGap;
  if (next_[device] + room > kWindowBase + (device + 1) * kWindowBytes) return 0;
  const Address base = next_[device];
  next_[device] += room;
  Allocation& made = allocations_[base];
  made = {.base = base,
          .bytes = bytes,
          .device = device,
          .kind = kind,
          .live = false,
          .origin = origin,
          .reachable = nullptr,
          .records = {}};
  set_live(made, true);
  return base;
}

void Memory::set_live(Allocation& allocation, bool live) {
  if (allocation.live == live) return;
  auto& counters = Machine::get().counters;
  allocation.live = live;
  auto* bytes = backing(reinterpret_cast<char*>(allocation.base));
  if (!live) {
    used_[allocation.device] -= allocation.bytes;
    counters.live_bytes -= static_cast<long long>(allocation.bytes);
    regions_.forget(allocation.base, allocation.base + allocation.bytes);
    // What kernels kept about it can go; neighbours on its first and last page lose a little.
    const auto cells = reinterpret_cast<Address>(race_cell(allocation.base)) & ~Address{4095};
    if (allocation.bytes >= 4096)
      madvise(reinterpret_cast<void*>(cells), allocation.bytes * kRaceBytes, MADV_DONTNEED);
    return;
  }
  used_[allocation.device] += allocation.bytes;
  counters.live_bytes += static_cast<long long>(allocation.bytes);
  counters.peak_bytes = std::max(counters.peak_bytes, counters.live_bytes);
  // NaN in every float type; big ones stay uncommitted until they are touched.
  if (allocation.bytes <= kFillBytes) std::memset(bytes, 0xff, allocation.bytes);
}

Allocation* Memory::find_near(Address address) {
  auto next = allocations_.upper_bound(address);
  if (next == allocations_.begin()) return nullptr;
  Allocation& before = std::prev(next)->second;
  return address < before.base + before.bytes + kGap ? &before : nullptr;
}

Allocation* Memory::find(Address address) {
  Allocation* near = find_near(address);
  return near != nullptr && address < near->base + near->bytes ? near : nullptr;
}

bool Memory::may_reach(int device, const Allocation& allocation) const {
  if (device == allocation.device) return true;
  if (allocation.reachable == nullptr) return peer_enabled(device, allocation.device);
  return (*allocation.reachable >> device & 1) != 0;
}

Reach Memory::reach(Address address, const View& view) {
  const Allocation* near = find_near(address);
  if (near == nullptr) return {.wrong = "out-of-bounds", .what = "there is no allocation"};
  const std::string block = title_of(*near);
  const Address end = near->base + near->bytes;
  if (address >= end) {
    return {.wrong = "out-of-bounds",
            .what = "offset " + std::to_string(address - near->base) + " of " + block};
  }
  if (!near->live) {
    return {.wrong = "use-after-free", .what = "the block of " + block + " was freed"};
  }
  if (regions_.empty()) return {.low = near->base, .high = end};
  Reach found = regions_.reach(address, near->base, end, view);
  if (found.region != nullptr && found.region->fresh) first_seen(*found.region);
  return found;
}

std::string Memory::title(const Reach& reach) {
  return reach.region != nullptr ? reach.region->title() : title_of(*find(reach.low));
}

Address Memory::offset(const Reach& reach, Address address) {
  return address - (reach.region != nullptr ? reach.region->base : find(reach.low)->base);
}

void Memory::first_seen(Region& region) {
  region.fresh = false;
  if (region.layout) return;
  const std::size_t from = std::min(*region.known, region.bytes);
  *region.known = region.bytes;
  if (from == region.bytes) return;
  auto* bytes = reinterpret_cast<char*>(region.base + from);
  std::memset(bytes + kWrittenOffset, 0, region.bytes - from);
  if (region.bytes - from <= kFillBytes) std::memset(backing(bytes), 0xff, region.bytes - from);
}

bool Memory::touch(Execution& execution, const Access& access) {
  if (access.bytes == 0) return true;
  Machine& machine = Machine::get();
  const auto low = reinterpret_cast<Address>(access.pointer);
  const Address high = low + access.bytes;
  if (access.kind == AccessKind::kFree || access.kind == AccessKind::kAllocate) {
    return touch_run(execution, access);
  }
  const Reach around = reach(low, execution.view);
  if (around.wrong != nullptr) return fault(execution, access, around.wrong, around.what);
  const std::string block = title(around);
  if (high > around.high) return fault(execution, access, "out-of-bounds", "of " + block);
  if (access.kind == AccessKind::kWrite) set_written(low, access.bytes);
  if (access.kind == AccessKind::kRead) {
    if (const Address at = first_unwritten(low, access.bytes); at != high) {
      machine.report("uninitialised-read", execution.name + " reads byte " +
                                               std::to_string(offset(around, at)) + " of " + block +
                                               ", which nothing has written");
      set_written(low, access.bytes);  // said once
    }
  }
  return touch_run(execution, access);
}

bool Memory::touch_run(Execution& execution, const Access& access) {
  Machine& machine = Machine::get();
  const auto low = reinterpret_cast<Address>(access.pointer);
  Allocation* allocation = find(low);
  if (allocation == nullptr || !allocation->live) {
    return fault(execution, access, "use-after-free", "there is no living allocation");
  }
  if (!may_reach(execution.device, *allocation)) {
    return fault(execution, access, "peer-access",
                 "device " + std::to_string(execution.device) +
                     " has no access to memory of device " + std::to_string(allocation->device));
  }
  const bool write = access.kind != AccessKind::kRead;
  check_race(execution, *allocation, low, low + access.bytes, write);
  if (access.kind == AccessKind::kFree) {
    set_live(*allocation, false);
  } else if (access.kind != AccessKind::kAllocate) {
    (write ? machine.counters.bytes_written : machine.counters.bytes_read) +=
        static_cast<long long>(access.bytes);
  }
  return true;
}

bool Memory::check_race(Execution& execution, Allocation& allocation, Address low, Address high,
                        bool write) {
  const auto ordered = [&](const Allocation::Record& record) {
    return record.actor == execution.actor || execution.clock.covers(record.actor, record.tick);
  };
  auto& records = allocation.records;
  const auto clash = std::ranges::find_if(records, [&](const auto& record) {
    return record.low < high && low < record.high && (write || record.write) && !ordered(record);
  });
  const bool found = clash != records.end();
  if (found) {
    Machine::get().report("race", execution.name + (write ? " writes" : " reads") + " bytes " +
                                      std::to_string(low - allocation.base) + " to " +
                                      std::to_string(high - allocation.base) + " of " +
                                      allocation.origin + ", unordered with the " +
                                      (clash->write ? "write" : "read") + " by " + clash->name);
  }
  // What this access covers and comes after cannot clash with anything that this one would not.
  std::erase_if(records, [&](const auto& record) {
    return record.low >= low && record.high <= high && (write || !record.write) && ordered(record);
  });
  records.push_back(
      {low, high, write, execution.actor, execution.clock.at(execution.actor), execution.name});
  return !found;
}

void Memory::forget_races() {
  madvise(reinterpret_cast<void*>(kRaceBase), kAllWindows * kRaceBytes, MADV_DONTNEED);
}

void Memory::set_written(Address low, std::size_t bytes) {
  std::memset(reinterpret_cast<void*>(low + kWrittenOffset), 1, bytes);
}

Address Memory::first_unwritten(Address low, std::size_t bytes) const {
  const auto* begin = reinterpret_cast<const char*>(low + kWrittenOffset);
  const void* found = std::memchr(begin, 0, bytes);
  return found == nullptr ? low + bytes : reinterpret_cast<Address>(found) - kWrittenOffset;
}

std::size_t Memory::free_bytes(int device) const {
  return settings().memory - std::min(settings().memory, used_[device]);
}

void Memory::add_pinned(const void* pointer, std::size_t bytes) {
  pinned_[reinterpret_cast<Address>(pointer)] = bytes;
}

bool Memory::remove_pinned(const void* pointer) {
  return pinned_.erase(reinterpret_cast<Address>(pointer)) != 0;
}

bool Memory::is_pinned(const void* pointer) const {
  const auto address = reinterpret_cast<Address>(pointer);
  const auto next = pinned_.upper_bound(address);
  if (next == pinned_.begin()) return false;
  const auto before = std::prev(next);
  return address < before->first + before->second;
}

}  // namespace keen::sim
