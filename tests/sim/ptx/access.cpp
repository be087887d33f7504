#include "tests/sim/ptx/access.h"

#include <algorithm>
#include <cstring>

namespace keen::sim::ptx {
namespace {

Space space_of(Space given, Word& address) {
  if (given != Space::kGeneric) return given == Space::kConst ? Space::kGlobal : given;
  if (address >= kWindowsEnd || address < kSharedWindow) return Space::kGlobal;
  if (address >= kParameterWindow) {
    address -= kParameterWindow;
    return Space::kParam;
  }
  if (address >= kLocalWindow) {
    address -= kLocalWindow;
    return Space::kLocal;
  }
  address -= kSharedWindow;
  return Space::kShared;
}

std::string at(Word address, int bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "%d bytes at 0x%llx", bytes,
                static_cast<unsigned long long>(address));
  return text;
}

// Finds what the address may touch; null: a fault, which has been reported.
const Reach* look_up(Warp& warp, const Instruction& i, int lane, Word address, int bytes) {
  Grid& grid = *warp.block->grid;
  const auto bad = [&](const char* kind, const std::string& what) {
    grid.fault(warp, i, lane, kind, at(address, bytes) + ": " + what, cudaErrorIllegalAddress);
    return nullptr;
  };
  // driver_types.h, cudaErrorIllegalAddress: "a load or store instruction on an invalid memory
  // address".
  if (!is_device_address(address)) return bad("host-pointer", "not an address of a device");
  Memory& memory = Memory::get();
  Reach& kept = grid.reaches[static_cast<std::size_t>(i.text) % grid.reaches.size()];
  kept = memory.reach(address, grid.execution->view);
  if (kept.wrong != nullptr) return bad(kept.wrong, kept.what);
  const auto beside = [&](const std::string& why) {
    const std::string what = "offset " + std::to_string(memory.offset(kept, address)) + " of " +
                             memory.title(kept) + why;
    kept = {};
    return bad("out-of-bounds", what);
  };
  if (address + bytes > kept.high) return beside("");
  const bool named = kept.region == nullptr || grid.named.contains(kept.low) ||
                     grid.named_whole.contains(memory.find(address)->base);
  if (!named) return beside(", which the kernel was given no address of");
  return &kept;
}

char* resolve_global(Warp& warp, const Instruction& i, int lane, Word address, int bytes) {
  Grid& grid = *warp.block->grid;
  const Reach& kept = grid.reaches[static_cast<std::size_t>(i.text) % grid.reaches.size()];
  if (address < kept.low || address + bytes > kept.high) {
    if (look_up(warp, i, lane, address, bytes) == nullptr) return nullptr;
  }
  return backing(reinterpret_cast<char*>(address));
}

// The bytes of shared or local memory become written, or are read: they must have been written.
void use_states(Warp& warp, const Instruction& i, int lane, Space space, std::size_t at_byte,
                int bytes, Use use) {
  constexpr char kAll[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                             1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  Block& block = *warp.block;
  auto& states = space == Space::kShared ? block.shared_states : block.local_states;
  char* begin = states.data() + at_byte;
  const std::string name = space == Space::kShared ? " of shared memory" : " of local memory";
  const auto first = [&](auto wrong) { return std::find_if(begin, begin + bytes, wrong); };
  const std::size_t size =
      space == Space::kShared ? states.size() : block.grid->function->local_bytes;
  if (std::memchr(begin, kInFlight, static_cast<std::size_t>(bytes)) != nullptr) {
    const auto byte = first([](char c) { return c == kInFlight; }) - states.data();
    block.grid->report(warp, i, lane, "async-copy",
                       "byte " + std::to_string(byte) + name +
                           ", which a copy may still write that nobody has waited for");
    std::replace(states.begin(), states.end(), char{kInFlight}, char{kWritten});  // said once
  }
  if (use != Use::kWrite && std::memcmp(begin, kAll, static_cast<std::size_t>(bytes)) != 0) {
    const auto byte = first([](char c) { return c == kUnwritten; }) - states.data();
    block.grid->report(warp, i, lane, "uninitialised-read",
                       "byte " + std::to_string(static_cast<std::size_t>(byte) % size) + name +
                           ", which nothing has written");
    std::ranges::fill(states, char{kWritten});  // said once
  }
  if (use != Use::kRead) std::memset(begin, kWritten, static_cast<std::size_t>(bytes));
}

// Shared or local memory, or the parameters.
char* resolve_block_memory(Warp& warp, const Instruction& i, int lane, Space space, Word offset,
                           int bytes, Use use) {
  Block& block = *warp.block;
  Grid& grid = *block.grid;
  const char* name = "local";
  char* begin = nullptr;
  std::size_t size = 0;
  if (space == Space::kShared) {
    name = "shared";
    begin = block.shared.data();
    size = block.shared.size();
  } else if (space == Space::kParam) {
    name = "parameter";
    begin = grid.parameters.data();
    size = grid.parameters.size();
  } else {
    size = grid.function->local_bytes;
    begin = block.local.data() + size * (static_cast<std::size_t>(warp.index) * kLanes + lane);
  }
  if (offset < size && bytes <= static_cast<std::int64_t>(size - offset)) {
    if (space != Space::kParam) {
      const char* all = space == Space::kShared ? block.shared.data() : block.local.data();
      use_states(warp, i, lane, space, static_cast<std::size_t>(begin - all) + offset, bytes, use);
    }
    return begin + offset;
  }
  // driver_types.h, cudaErrorLaunchFailure: "... accessing out of bounds shared memory". Of local
  // memory and parameters: unsourced.
  grid.fault(warp, i, lane, (std::string(name) + "-out-of-bounds").c_str(),
             "offset " + std::to_string(static_cast<std::int64_t>(offset)) + ", " +
                 std::to_string(bytes) + " bytes, of " + std::to_string(size),
             cudaErrorLaunchFailure);
  return nullptr;
}

// What lies from `low` on is read or written by the lane and those after it.
void mark_range(Warp& warp, const Instruction& i, int lane, Address low, std::size_t bytes,
                bool write) {
  Grid& grid = *warp.block->grid;
  Memory& memory = Memory::get();
  using Mark = Footprint::Mark;
  const Mark how = write ? Mark::kWrite : i.loads && i.flag ? Mark::kCached : Mark::kRead;
  if (grid.footprint.mark(low, bytes, how) && !grid.cached_reported) {
    grid.cached_reported = true;
    // CUDA C++ Programming Guide, "Global Memory": what goes through this cache is "read-only for
    // the entire lifetime of the kernel".
    const Reach around = memory.reach(low, grid.execution->view);
    grid.report(warp, i, lane, "read-only-cache",
                "byte " + std::to_string(memory.offset(around, low)) + " of " +
                    memory.title(around) +
                    (write ? ", which this launch has read by ld.global.nc"
                           : ", which this launch has written"));
  }
  if (write) {
    memory.set_written(low, bytes);
  } else if (const Address at_byte = memory.first_unwritten(low, bytes); at_byte != low + bytes) {
    const Reach around = memory.reach(at_byte, grid.execution->view);
    grid.report(warp, i, lane, "uninitialised-read",
                "byte " + std::to_string(memory.offset(around, at_byte)) + " of " +
                    memory.title(around) + ", which nothing has written");
    memory.set_written(around.low, around.high - around.low);  // said once
  }
}

void mark(Warp& warp, const Instruction& i, const Word* addresses, Mask lanes, int bytes,
          bool write) {
  const int first = std::countr_zero(lanes), last = kLanes - 1 - std::countl_zero(lanes);
  bool dense = std::popcount(lanes) == last - first + 1;
  for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
    const int l = std::countr_zero(rest);
    dense &= addresses[l] == addresses[first] + static_cast<Word>(l - first) * bytes;
  }
  if (dense) {
    const auto count = static_cast<std::size_t>(last - first + 1);
    mark_range(warp, i, first, addresses[first], count * bytes, write);
  } else {
    each_lane(lanes, [&](int l) { mark_range(warp, i, l, addresses[l], bytes, write); });
  }
}

}  // namespace

bool resolve(Warp& warp, const Instruction& i, Mask lanes, int address, int bytes, Use use,
             Pointers& found) {
  Grid& grid = *warp.block->grid;
  const Word* base = warp.reg(address);
  Mask& global = found.global;
  Mask& shared = found.shared;
  for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
    const int l = std::countr_zero(rest);
    Word at_lane = base[l] + i.offset;
    // CUDA C++ Programming Guide, "Size and Alignment Requirement"; the vector counts as one
    // access. driver_types.h, cudaErrorMisalignedAddress.
    if (at_lane % bytes != 0) {
      grid.fault(warp, i, l, "misaligned", at(at_lane, bytes), cudaErrorMisalignedAddress);
      return false;
    }
    const Space space = space_of(i.space, at_lane);
    found.addresses[l] = at_lane;
    if (space == Space::kGlobal) {
      found.bytes[l] = resolve_global(warp, i, l, at_lane, bytes);
      global |= Mask{1} << l;
    } else {
      found.bytes[l] = resolve_block_memory(warp, i, l, space, at_lane, bytes, use);
      if (space == Space::kShared) shared |= Mask{1} << l;
      // PTX ISA 9.0, "Kernel Function Parameters": they are read-only; the code is unsourced.
      if (space == Space::kParam && use != Use::kRead) {
        grid.fault(warp, i, l, "parameter-write", "parameters cannot be written",
                   cudaErrorIllegalAddress);
        return false;
      }
    }
    if (found.bytes[l] == nullptr) return false;
  }
  if (global != 0) {
    if (use != Use::kWrite) mark(warp, i, found.addresses.data(), global, bytes, false);
    if (use != Use::kRead) mark(warp, i, found.addresses.data(), global, bytes, true);
  }
  const bool watched = use == Use::kReadWrite || i.strength != Strength::kWeak;
  if (grid.profile != nullptr && watched) ++grid.profile->sums.atomic_requests;
  if (grid.profile != nullptr && !watched) {
    const Word* at_lanes = found.addresses.data();
    if (global != 0) grid.profile->global_request(at_lanes, global, bytes, use == Use::kWrite);
    if (shared != 0) grid.profile->shared_request(at_lanes, shared, bytes);
  }
  return true;
}

namespace {

Races::Access access_of(Warp& warp, int lane, const Pointers& found, int bytes) {
  const Word address = found.addresses[lane];
  const bool shared = (found.shared >> lane & 1) != 0;
  auto* cells =
      shared ? warp.block->cells.data() + address / 4 : static_cast<RaceCell*>(race_cell(address));
  return {cells, static_cast<int>(address % 4), bytes, shared, address};
}

// Places for the order of threads: sixteen bytes each, so that a wide access and a narrow one to
// its beginning are the same.
Word place_of(const Warp& warp, int lane, const Pointers& found) {
  constexpr Word kSpan = Word{1} << 20;  // more than a block can have of shared memory
  const Word place = found.addresses[lane] & ~Word{15};
  return (found.shared >> lane & 1) == 0 ? place
                                         : kSharedWindow + warp.block->number * kSpan + place;
}

}  // namespace

void note_reads(Warp& warp, const Instruction& i, const Pointers& found, int bytes) {
  const Mask lanes = i.space == Space::kConst ? 0 : found.global | found.shared;
  if (lanes == 0) return;
  Races& races = *warp.block->grid->races;
  const Record stamp = races.stamp(warp, i);
  const Record limits[] = {races.limit(warp, false), races.limit(warp, true)};
  each_lane(lanes, [&](int l) {
    const Races::Access access = access_of(warp, l, found, bytes);
    races.read(warp, i, l, stamp, limits[access.shared ? 1 : 0], access);
  });
}

void note_write(Warp& warp, const Instruction& i, int lane, const Pointers& found, int bytes,
                const void* values) {
  if (((found.global | found.shared) >> lane & 1) == 0) return;
  Races& races = *warp.block->grid->races;
  Races::Access access = access_of(warp, lane, found, bytes);
  access.there = found.bytes[lane];
  access.values = values;
  races.write(warp, i, lane, races.stamp(warp, i), races.limit(warp, access.shared), access);
}

void note_strong(Warp& warp, const Instruction& i, Mask lanes, const Pointers& found, Use use) {
  Grid& grid = *warp.block->grid;
  grid.yield = true;
  each_lane(lanes & (found.global | found.shared), [&](int l) {
    const Word place = place_of(warp, l, found);
    if (use != Use::kWrite) grid.races->acquire(warp, place);
    if (use != Use::kRead) grid.races->release(warp, l, place, i.releases);
  });
}

}  // namespace keen::sim::ptx
