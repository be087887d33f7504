#include "tests/sim/ptx/race.h"

#include <algorithm>
#include <cstring>

#include "tests/sim/core/memory.h"
#include "tests/sim/ptx/warp.h"

namespace keen::sim::ptx {
namespace {

std::uint32_t& moments_so_far() {
  static std::uint32_t made = 1;
  return made;
}

constexpr std::uint32_t kMostMoments = 0xf0000000;

}  // namespace

void Known::join(const Known& other) {
  if (other.below_epoch > below_epoch) lanes.clear();
  if (other.below_epoch >= below_epoch) {
    for (const Lanes& theirs : other.lanes) {
      const auto own = std::ranges::find_if(
          lanes, [&](const Lanes& l) { return l.warp == theirs.warp && l.lane == theirs.lane; });
      if (own == lanes.end()) {
        lanes.push_back(theirs);
      } else {
        own->below = std::max(own->below, theirs.below);
      }
    }
  }
  below_epoch = std::max(below_epoch, other.below_epoch);
}

bool Known::covers(const Moment& moment, std::uint32_t number, int lane) const {
  if (moment.epoch < below_epoch) return true;
  return std::ranges::any_of(lanes, [&](const Lanes& l) {
    return l.warp == moment.warp && (l.lane < 0 || l.lane == lane) && number < l.below;
  });
}

std::uint32_t Races::moment_of(Record r) { return static_cast<std::uint32_t>(r >> kMomentAt); }
int Races::lane_of(Record r) { return static_cast<int>(r >> kLaneAt & (kLanes - 1)); }

Races::Races(Grid& grid) : grid_(grid), first_(moments_so_far()) {
  if (first_ < kMostMoments) return;
  Memory::get().forget_races();
  first_ = 1;
}

Races::~Races() { moments_so_far() = next_moment(); }

Record Races::stamp(Warp& warp, const Instruction& i) {
  WarpOrder& order = warp.order;
  const Block& block = *warp.block;
  if (order.moment == 0 || order.epoch != block.epoch) {
    order.moment = next_moment();
    order.epoch = block.epoch;
    moments_.push_back({block.number, block.epoch, static_cast<std::uint32_t>(warp.index)});
  }
  const Word index = static_cast<Word>(&i - grid_.function->code.data());
  return Word{order.moment} << kMomentAt | std::min(index, kInstructions - 1) << kInstructionAt |
         static_cast<Word>(i.strength) << kStrengthAt;
}

bool Races::ordered(std::uint32_t moment, int by, const Warp& warp, int lane) const {
  const Moment& then = moments_[moment - first_];
  const Block& block = *warp.block;
  if (then.block == block.number) {
    if (then.epoch != block.epoch) return true;
    if (then.warp == static_cast<std::uint32_t>(warp.index)) {
      const WarpOrder& order = warp.order;
      if (by == lane || moment < order.full_sync) return true;
      if (order.pairs != nullptr && moment < (*order.pairs)[lane][by]) return true;
    }
  }
  const auto known = block.learnt.blocks.find(then.block);
  return known != block.learnt.blocks.end() && known->second.covers(then, moment, by);
}

bool Races::clashes(Record record, Record mine, Record limit, const Warp& warp, int lane) const {
  if (record < limit || (record & mine & 15) == 0) return false;
  const std::uint32_t moment = moment_of(record);
  const auto strength = [](Record r) { return static_cast<Strength>(r >> kStrengthAt & 3); };
  const Strength a = strength(record), b = strength(mine);
  if (a != Strength::kWeak && b != Strength::kWeak) {
    if (a == Strength::kDevice && b == Strength::kDevice) return false;
    if (moments_[moment - first_].block == warp.block->number) return false;
  }
  return !ordered(moment, lane_of(record), warp, lane);
}

Record Races::limit(const Warp& warp, bool shared) const {
  return Record{shared ? warp.block->first_moment : first_} << kMomentAt;
}

void Races::read_word(Warp& warp, const Instruction& i, int lane, Record mine, Record limit,
                      const Access& access, int word) {
  RaceCell& cell = access.cells[word];
  for (const Record write : cell.write) {
    if (clashes(write, mine, limit, warp, lane))
      report(warp, i, lane, access, word, false, write, true);
  }
  // Of readers, two are kept that a later write is most likely unordered with: the last one, and
  // one of another block, else of another thread.
  const Record last = cell.read[0];
  if (is_free(last, mine, limit)) return;
  const auto own_block = [&](Record r) {
    return moments_[moment_of(r) - first_].block == warp.block->number;
  };
  const bool keep = cell.read[1] >= limit && !own_block(cell.read[1]) && own_block(last);
  if (!keep) cell.read[1] = last;
}

void Races::write_word(Warp& warp, const Instruction& i, int lane, Record mine, Record limit,
                       const Access& access, int word) {
  const RaceCell& cell = access.cells[word];
  // Threads that write what is there already do no harm (a flag that all set). In one instruction:
  // CUDA C++ Programming Guide, "SIMT Architecture": which lane's write remains "is undefined".
  const bool same =
      access.values != nullptr && std::memcmp(access.there, access.values, access.bytes) == 0;
  for (const Record write : cell.write) {
    if (!same && clashes(write, mine, limit, warp, lane))
      report(warp, i, lane, access, word, true, write, true);
  }
  for (const Record read : cell.read) {
    if (clashes(read, mine, limit, warp, lane))
      report(warp, i, lane, access, word, true, read, false);
  }
}

void Races::acquire(Warp& warp, Word place) {
  if (places_.empty()) return;
  const auto found = places_.find(place);
  if (found == places_.end()) return;
  Block& block = *warp.block;
  std::uint32_t& version = block.learnt.versions[place];
  if (version == found->second.version) return;
  version = found->second.version;
  for (const auto& [number, released] : found->second.blocks) {
    block.learnt.blocks[number].join(number == block.number ? released.block : released.device);
  }
}

Known Races::known_at(const Fence& fence, const Warp& warp, int lane) const {
  Known known;
  if (fence.epoch == 0) return known;
  if (fence.epoch < warp.block->epoch) {
    known.below_epoch = fence.epoch + 1;
    return known;
  }
  const auto index = static_cast<std::uint32_t>(warp.index);
  known.below_epoch = fence.epoch;
  known.lanes.push_back({index, lane, fence.moment});
  if (warp.order.full_sync != 0) known.lanes.push_back({index, -1, warp.order.full_sync});
  if (warp.order.pairs != nullptr) {
    for (int other = 0; other < kLanes; ++other) {
      const std::uint32_t below = (*warp.order.pairs)[lane][other];
      if (below > warp.order.full_sync && other != lane)
        known.lanes.push_back({index, other, below});
    }
  }
  return known;
}

void Races::release(Warp& warp, int lane, Word place, bool fenced) {
  if (fenced) fence(warp, Mask{1} << lane, true);
  if (warp.order.fences == nullptr) return;
  const Fence& block_fence = warp.order.fences->block[lane];
  const Fence& device_fence = warp.order.fences->device[lane];
  if (block_fence.epoch == 0) return;
  const Block& block = *warp.block;
  Place& target = places_[place];
  ++target.version;
  Released& own = target.blocks[block.number];
  own.block.join(known_at(block_fence, warp, lane));
  if (device_fence.epoch == 0) return;
  own.device.join(known_at(device_fence, warp, lane));
  for (const auto& [number, known] : block.learnt.blocks) target.blocks[number].device.join(known);
}

void Races::fence(Warp& warp, Mask lanes, bool device) {
  WarpOrder& order = warp.order;
  if (order.fences == nullptr) order.fences = std::make_unique<WarpOrder::Fences>();
  order.moment = 0;
  const Fence made{warp.block->epoch, next_moment()};
  each_lane(lanes, [&](int l) {
    order.fences->block[l] = made;
    if (device) order.fences->device[l] = made;
  });
}

void Races::sync_warp(Warp& warp, Mask lanes) {
  WarpOrder& order = warp.order;
  order.moment = 0;
  if (lanes == warp.live) {
    order.full_sync = next_moment();
    return;
  }
  if (order.pairs == nullptr) order.pairs = std::make_unique<WarpOrder::Pairs>();
  std::array<std::uint32_t, kLanes> all{};
  each_lane(lanes, [&](int l) {
    for (int other = 0; other < kLanes; ++other)
      all[other] = std::max(all[other], (*order.pairs)[l][other]);
  });
  each_lane(lanes, [&](int l) { all[l] = next_moment(); });
  each_lane(lanes, [&](int l) { (*order.pairs)[l] = all; });
}

void Races::report(Warp& warp, const Instruction& i, int lane, const Access& access, int word,
                   bool write, Record other, bool other_wrote) {
  if (reported_) return;  // one for each launch: what follows is mostly the same
  reported_ = true;
  const Moment& then = moments_[moment_of(other) - first_];
  const int thread = static_cast<int>(then.warp) * kLanes + lane_of(other);
  const Word index = other >> kInstructionAt & (kInstructions - 1);
  const bool same_block = then.block == warp.block->number;
  std::string what = write ? "writes " : "reads ";
  if (access.shared) {
    what += "byte " + std::to_string(access.address + 4 * word) + " of shared memory";
  } else {
    Memory& memory = Memory::get();
    const Reach reach = memory.reach(access.address, grid_.execution->view);
    what += "byte " + std::to_string(memory.offset(reach, access.address)) + " of " +
            memory.title(reach);
  }
  what += std::string(", which ") + grid_.place(then.block, thread) +
          (other_wrote ? " wrote" : " read") + " in " + grid_.line(grid_.function->code[index]);
  if (!same_block) {
    what += ", with no fence and atomic between";
  } else if (then.warp == static_cast<std::uint32_t>(warp.index)) {
    what += moment_of(other) == warp.order.moment && &grid_.function->code[index] == &i
                ? ", at once"
                : ", with no __syncwarp between";
  } else {
    what += ", with no __syncthreads between";
  }
  grid_.report(warp, i, lane, access.shared ? "shared-race" : "global-race", what);
}

}  // namespace keen::sim::ptx
