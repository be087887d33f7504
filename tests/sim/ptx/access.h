// Where the bytes behind an address are, with every check that an access of a kernel undergoes.
#pragma once
#include <array>

#include "tests/sim/ptx/warp.h"

namespace keen::sim::ptx {

enum class Use { kRead, kWrite, kReadWrite };

// Of each byte of shared and local memory.
enum ByteState : char { kUnwritten, kWritten, kInFlight };  // the last: by cp.async

// Lane by lane, where the access of `bytes` at `addresses` finds its bytes.
struct Pointers {
  std::array<Word, kLanes> addresses{};  // in shared memory: offsets
  std::array<char*, kLanes> bytes{};
  Mask global = 0, shared = 0;  // which lanes found them there
};

// Resolves the addresses of the lanes (r[address] + offset, in the instruction's space). False:
// the access is a fault, which has been reported, and nothing may be touched.
bool resolve(Warp& warp, const Instruction& instruction, Mask lanes, int address, int bytes,
             Use use, Pointers& found);

// What comes before the bytes of global and shared memory are touched: whether other threads have
// touched them unordered. `values`: those to be written; null: they differ.
void note_reads(Warp& warp, const Instruction& instruction, const Pointers& found, int bytes);
void note_write(Warp& warp, const Instruction& instruction, int lane, const Pointers& found,
                int bytes, const void* values);

// What a strong access does to the order of threads. Reading comes first.
void note_strong(Warp& warp, const Instruction& instruction, Mask lanes, const Pointers& found,
                 Use use);

}  // namespace keen::sim::ptx
