#include "tests/sim/ptx/access.h"

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

// Reading past the end of shared or local memory, or of the parameters.
char* resolve_block_memory(Warp& warp, const Instruction& i, int lane, Space space, Word offset,
                           int bytes) {
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
  if (offset < size && bytes <= static_cast<std::int64_t>(size - offset)) return begin + offset;
  // driver_types.h, cudaErrorLaunchFailure: "... accessing out of bounds shared memory"
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
  grid.footprint.mark(low, bytes, write);
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
  Mask global = 0, shared = 0;
  for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
    const int l = std::countr_zero(rest);
    Word at_lane = base[l] + i.offset;
    // CUDA C++ Programming Guide, "Size and Alignment Requirement"; the vector counts as one
    // access.
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
      found.bytes[l] = resolve_block_memory(warp, i, l, space, at_lane, bytes);
      if (space == Space::kShared) shared |= Mask{1} << l;
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
  if (grid.profile != nullptr && use != Use::kAtomic) {
    if (global != 0) grid.profile->global_request(found.addresses.data(), global, bytes);
    if (shared != 0) grid.profile->shared_request(found.addresses.data(), shared, bytes);
  }
  return true;
}

namespace {

void check_cell(Warp& warp, const Instruction& i, int lane, Word word, std::uint8_t bytes,
                bool write, bool same_value) {
  Block& block = *warp.block;
  SharedCell& cell = block.cells[word];
  const auto thread = static_cast<std::uint16_t>(warp.index * kLanes + lane);
  const auto unordered = [&](std::uint32_t epoch, std::uint32_t sync, std::uint16_t other) {
    if (epoch != block.epoch || other == thread) return false;
    return other / kLanes != warp.index || sync == warp.sync_epoch;
  };
  const bool after_write = (cell.write_bytes & bytes) != 0 &&
                           unordered(cell.write_epoch, cell.write_sync, cell.write_thread);
  const bool after_read = write && (cell.read_bytes & bytes) != 0 &&
                          unordered(cell.read_epoch, cell.read_sync, cell.read_thread);
  // Lanes that write the same value to one place do no harm (a flag that all set).
  if ((after_write && !(write && same_value)) || after_read) {
    if (!block.grid->reported_race) {
      const int other = after_write ? cell.write_thread : cell.read_thread;
      block.grid->report(warp, i, lane, "shared-race",
                         std::string(write ? "writes" : "reads") + " byte " +
                             std::to_string(word * 4) + " that thread " + std::to_string(other) +
                             (after_write ? " wrote" : " read") + " with no " +
                             (other / kLanes == warp.index ? "__syncwarp" : "__syncthreads") +
                             " between");
      block.grid->reported_race = true;
    }
  }
  if (write) {
    cell.write_epoch = block.epoch;
    cell.write_sync = warp.sync_epoch;
    cell.write_thread = thread;
    cell.write_bytes = bytes;
  } else if (cell.read_epoch != block.epoch || cell.read_thread == thread ||
             cell.read_thread / kLanes == warp.index) {
    cell.read_epoch = block.epoch;
    cell.read_sync = warp.sync_epoch;
    cell.read_thread = thread;
    cell.read_bytes = bytes;
  }
}

}  // namespace

void check_shared_race(Warp& warp, const Instruction& i, int lane, Word offset, int bytes,
                       bool write, const void* value) {
  const bool same =
      value != nullptr && std::memcmp(warp.block->shared.data() + offset, value, bytes) == 0;
  for (Word word = offset / 4; word <= (offset + bytes - 1) / 4; ++word) {
    std::uint8_t touched = 15;
    if (bytes < 4) touched = static_cast<std::uint8_t>(((1 << bytes) - 1) << offset % 4);
    check_cell(warp, i, lane, word, touched, write, same);
  }
}

}  // namespace keen::sim::ptx
