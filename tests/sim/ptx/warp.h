// What executes: a grid of blocks of warps. Registers lie lane by lane, so that a handler runs one
// instruction for all lanes that stand at it.
#pragma once
#include <driver_types.h>
#include <vector_types.h>

#include <array>
#include <bit>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/sim/core/memory.h"
#include "tests/sim/ptx/coverage.h"
#include "tests/sim/ptx/footprint.h"
#include "tests/sim/ptx/module.h"
#include "tests/sim/ptx/profile.h"
#include "tests/sim/ptx/race.h"

namespace keen::sim::ptx {

struct Block;
struct Grid;

// What cp.async has begun and nobody has waited for.
struct WarpCopies {
  struct Copy {
    int lane;
    std::int64_t group;
    char* target;
    std::uint8_t count;
    std::array<char, 16> bytes;
  };
  std::vector<Copy> waiting;
  std::array<std::int64_t, kLanes> group{};  // that a lane's next copy joins
};

struct Warp {
  Block* block = nullptr;
  int index = 0;
  Word* registers = nullptr;  // [register][lane]
  Mask live = 0;              // not exited
  Mask at_collective = 0;     // waiting for other lanes of the warp
  Mask at_barrier = 0;        // waiting for other warps of the block
  Mask carry = 0;             // the condition code of addc and subc
  std::array<int, kLanes> pc{};
  std::array<Mask, kLanes> members{};  // of the collective that a lane waits at
  std::array<int, kLanes> barrier{};   // the barrier that a lane waits at
  WarpOrder order;
  WarpCopies copies;
  std::uint64_t instructions = 0;  // by warp
  std::uint64_t lane_instructions = 0;

  Word* reg(int index_of_register) { return registers + std::size_t{kLanes} * index_of_register; }
  const Word* reg(int index_of_register) const {
    return registers + std::size_t{kLanes} * index_of_register;
  }
  Mask ready() const { return live & ~at_collective & ~at_barrier; }
};

struct Block {
  Grid* grid = nullptr;
  dim3 id;
  std::vector<Word> registers;
  std::vector<char> shared;
  std::vector<RaceCell> cells;  // of shared memory, by words
  std::vector<char> local;      // [thread][bytes]
  // Of each byte of shared and of local memory: see ByteState in access.h
  std::vector<char> shared_states, local_states;
  std::vector<Warp> warps;
  std::uint32_t number = 0;  // in the grid
  std::uint32_t epoch = 1;   // counts barriers
  std::uint32_t first_moment = 0;
  Learnt learnt;
  int threads = 0;
  int exited = 0;

  bool finished() const { return exited == threads; }
  void start(Grid& grid, std::uint64_t number);
};

struct Grid {
  const Module* module = nullptr;
  const Function* function = nullptr;
  dim3 blocks, threads;
  std::size_t dynamic_shared = 0;
  std::vector<char> parameters;
  Execution* execution = nullptr;
  Footprint footprint;
  Coverage* coverage = nullptr;
  KernelProfile* profile = nullptr;  // null: not asked for
  std::array<Reach, 16> reaches{};   // what instructions have touched last
  // The announced blocks that the kernel has been given an address of, and the allocations of
  // which it may touch all blocks.
  std::set<Address> named, named_whole;
  std::unordered_set<Word> asked;  // values whose blocks are in these: a search may be long
  bool asks_names = false;         // something is announced
  bool dead = false;               // a fault ended it
  bool cached_reported = false;    // writes of what ld.global.nc reads: said once
  bool yield = false;              // the running warp lets others go first
  Races* races = nullptr;
  std::uint64_t instructions = 0;  // by warps, and those of lanes:
  std::uint64_t lane_instructions = 0;

  void run();
  // The kernel has come by a value that may be an address: it may touch the announced block there.
  void name(Word value);

  // How findings tell a thread of a block, and an instruction.
  std::string place(std::uint64_t block, int thread) const;
  std::string line(const Instruction& instruction) const;
  // A finding about the lane that executes `instruction`, naming kernel, block, thread, and line.
  void report(const Warp& warp, const Instruction& instruction, int lane, const char* kind,
              const std::string& what);
  // The same, and the grid ends with the error, which poisons the process.
  void fault(const Warp& warp, const Instruction& instruction, int lane, const char* kind,
             const std::string& what, cudaError_t error);
};

// Runs lanes of a warp until all wait or have ended, or `budget` instructions have passed, or the
// grid is dead or asks to yield.
void run_warp(Warp& warp, int budget);

// Lets go the lanes whose collective or barrier is complete. False: there were none.
bool resolve_collectives(Warp& warp);
bool resolve_barriers(Block& block);

template <class F>
inline void each_lane(Mask lanes, F body) {
  if (lanes == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) body(lane);
  } else {
    for (Mask rest = lanes; rest != 0; rest &= rest - 1) body(std::countr_zero(rest));
  }
}

}  // namespace keen::sim::ptx
