// Where the bytes behind an address are, with every check that an access of a kernel undergoes.
#pragma once
#include <array>

#include "tests/sim/ptx/warp.h"

namespace keen::sim::ptx {

enum class Use { kRead, kWrite, kAtomic };

// Lane by lane, where the access of `bytes` at `addresses` finds its bytes.
struct Pointers {
  std::array<Word, kLanes> addresses{};
  std::array<char*, kLanes> bytes{};
};

// Resolves the addresses of the lanes (r[address] + offset, in the instruction's space). False:
// the access is a fault, which has been reported, and nothing may be touched.
bool resolve(Warp& warp, const Instruction& instruction, Mask lanes, int address, int bytes,
             Use use, Pointers& found);

// Reports lanes or warps that touch what others have touched with no barrier between. Called for
// shared memory after the bytes have been resolved; `values` are those to be written.
void check_shared_race(Warp& warp, const Instruction& instruction, int lane, Word offset, int bytes,
                       bool write, const void* value);

}  // namespace keen::sim::ptx
