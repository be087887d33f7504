// Who has touched what inside one kernel, and whether one came before the other. A cell per word of
// shared and of global memory keeps the last accesses; what orders them:
//  - the same thread;
//  - in a block, a barrier between (PTX ISA 9.0, 9.7.13.1, bar; any of the 16 counts for all);
//  - in a warp, a __syncwarp of both (CUDA C++ Programming Guide, "Synchronization Functions":
//    "guarantees memory ordering among threads participating"; shuffles and votes do not: "Warp
//    Shuffle Functions", "do not imply a memory barrier");
//  - a fence, then a strong write to a place, which another thread reads (PTX ISA 9.0, 8.9.2,
//    "Release and Acquire Patterns"). Any strong read counts as an acquire here, as NVIDIA's own
//    last-block sum has no fence behind its atomic ("Memory Fence Functions"); and what threads did
//    in one barrier interval with the fence counts as fenced, once the barrier has come.
// Strong accesses do not race with each other where their scope holds both (8.3, "Morally Strong").
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {

struct Warp;
struct Grid;

// Moment, instruction, lane, strength, and which of the word's bytes. 0: nobody.
using Record = std::uint64_t;

struct RaceCell {
  // The last write, and an earlier one to other bytes; the last read, and one of another thread.
  Record write[2], read[2];
};

// What all accesses of a warp have in common until it synchronises. Numbered over all launches, so
// that what an earlier launch left in the cells is told by its number.
struct Moment {
  std::uint32_t block = 0;  // its number in the grid
  std::uint32_t epoch = 0;  // of the block's barriers
  std::uint32_t warp = 0;
};

// What somebody knows to have happened before, of one block.
struct Known {
  struct Lanes {
    std::uint32_t warp;
    int lane;             // -1: all
    std::uint32_t below;  // moments
  };
  std::uint32_t below_epoch = 0;
  std::vector<Lanes> lanes;  // in the epoch that comes next

  void join(const Known& other);
  bool covers(const Moment& moment, std::uint32_t number, int lane) const;
};

// What a block has learnt through places in memory.
struct Learnt {
  std::unordered_map<std::uint32_t, Known> blocks;
  std::unordered_map<Word, std::uint32_t> versions;  // of the places, up to which it knows them
};

// A lane's last fences.
struct Fence {
  std::uint32_t epoch = 0;   // 0: none
  std::uint32_t moment = 0;  // what came before has lower ones
};

// What a warp keeps for all this.
struct WarpOrder {
  std::uint32_t moment = 0;     // 0: the next access begins one
  std::uint32_t epoch = 0;      // that it belongs to
  std::uint32_t full_sync = 0;  // all lanes know of each other's accesses with lower moments
  // [lane][other]: the same, from __syncwarp of some lanes
  using Pairs = std::array<std::array<std::uint32_t, kLanes>, kLanes>;
  std::unique_ptr<Pairs> pairs;
  struct Fences {
    std::array<Fence, kLanes> block, device;
  };
  std::unique_ptr<Fences> fences;
};

class Races {
 public:
  explicit Races(Grid& grid);
  ~Races();
  Races(const Races&) = delete;
  Races& operator=(const Races&) = delete;

  std::uint32_t next_moment() const { return first_ + static_cast<std::uint32_t>(moments_.size()); }

  // One access of a lane.
  struct Access {
    RaceCell* cells;  // of its first word
    int offset;       // of its first byte in that word
    int bytes;
    bool shared;
    Word address;  // for findings
    const void* there = nullptr;
    const void* values = nullptr;  // to be written; null: they differ from what is there
  };
  // The part of a record that all lanes of an instruction share.
  Record stamp(Warp& warp, const Instruction& instruction);
  // Records from here on are of this launch, or of this block where the memory is shared.
  Record limit(const Warp& warp, bool shared) const;
  void read(Warp& warp, const Instruction& instruction, int lane, Record stamp, Record limit,
            const Access& access) {
    each_word(lane, stamp, access, [&](RaceCell& cell, Record mine, int word) {
      const bool alone = is_free(cell.write[0], mine, limit) && cell.write[1] < limit &&
                         is_free(cell.read[0], mine, limit);
      if (!alone) read_word(warp, instruction, lane, mine, limit, access, word);
      cell.read[0] = mine;
    });
  }
  void write(Warp& warp, const Instruction& instruction, int lane, Record stamp, Record limit,
             const Access& access) {
    each_word(lane, stamp, access, [&](RaceCell& cell, Record mine, int word) {
      const bool alone = is_free(cell.write[0], mine, limit) && cell.write[1] < limit &&
                         is_free(cell.read[0], mine, limit) && cell.read[1] < limit;
      if (!alone) write_word(warp, instruction, lane, mine, limit, access, word);
      if ((mine & 15) == 15) {
        cell.read[0] = cell.read[1] = cell.write[1] = 0;
      } else if ((cell.write[0] & ~mine & 15) != 0) {
        cell.write[1] = cell.write[0];
      }
      cell.write[0] = mine;
    });
  }

  // place: names some bytes of global memory, or of a block's shared memory.
  void acquire(Warp& warp, Word place);
  void release(Warp& warp, int lane, Word place, bool fenced);
  void fence(Warp& warp, Mask lanes, bool device);
  void sync_warp(Warp& warp, Mask lanes);

 private:
  struct Released {
    Known device, block;  // for other blocks, and for the same one
  };
  struct Place {
    std::unordered_map<std::uint32_t, Released> blocks;
    std::uint32_t version = 0;
  };

  // Bits of a record, from the lowest: 4 bytes, 2 strength, 5 lane, 21 instruction, 32 moment.
  static constexpr int kStrengthAt = 4, kLaneAt = 6, kInstructionAt = 11, kMomentAt = 32;
  static constexpr Record kInstructions = Record{1} << (kMomentAt - kInstructionAt);

  static std::uint32_t moment_of(Record record);
  static int lane_of(Record record);
  template <class Visit>
  static void each_word(int lane, Record stamp, const Access& access, Visit visit) {
    const Record own = stamp | Record(static_cast<unsigned>(lane)) << kLaneAt;
    const int end = access.offset + access.bytes;
    for (int word = 0; 4 * word < end; ++word) {
      Record bytes = 15;
      if (access.bytes < 4) bytes = ((Record{1} << access.bytes) - 1) << access.offset;
      visit(access.cells[word], own | bytes, word);
    }
  }
  // Of an earlier launch, or of the same thread since it last synchronised.
  static bool is_free(Record there, Record mine, Record limit) {
    constexpr Record kThread = ~Record{0} << kMomentAt | Record{kLanes - 1} << kLaneAt;
    return there < limit || ((there ^ mine) & kThread) == 0;
  }
  void read_word(Warp& warp, const Instruction& instruction, int lane, Record mine, Record limit,
                 const Access& access, int word);
  void write_word(Warp& warp, const Instruction& instruction, int lane, Record mine, Record limit,
                  const Access& access, int word);
  bool clashes(Record record, Record mine, Record limit, const Warp& warp, int lane) const;
  bool ordered(std::uint32_t moment, int by, const Warp& warp, int lane) const;
  Known known_at(const Fence& fence, const Warp& warp, int lane) const;
  void report(Warp& warp, const Instruction& instruction, int lane, const Access& access, int word,
              bool write, Record other, bool other_wrote);

  Grid& grid_;
  std::uint32_t first_;
  std::vector<Moment> moments_;
  std::unordered_map<Word, Place> places_;
  bool reported_ = false;
};

}  // namespace keen::sim::ptx
