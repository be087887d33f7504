// bar.sync and bar.red: PTX ISA 9.0, 9.7.13.1.
#include "tests/sim/ptx/warp.h"

namespace keen::sim::ptx {
namespace {

struct Arrivals {
  Warp* warp = nullptr;  // one of those that wait, and its lane
  int lane = 0;
  int count = 0;
  int yes = 0;  // of bar.red
  bool same_place = true;
};

const Instruction& at(const Warp& warp, int lane) {
  return warp.block->grid->function->code[warp.pc[lane]];
}

Arrivals arrivals_at(Block& block, int barrier) {
  Arrivals found;
  for (Warp& warp : block.warps) {
    for (Mask rest = warp.at_barrier; rest != 0; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      if (warp.barrier[lane] != barrier) continue;
      if (found.warp != nullptr) found.same_place &= warp.pc[lane] == found.warp->pc[found.lane];
      const Instruction& i = at(warp, lane);
      if (i.mode != 0) found.yes += ((warp.reg(i.r[3])[lane] != 0) != i.flag) ? 1 : 0;
      if (found.warp == nullptr) {
        found.warp = &warp;
        found.lane = lane;
      }
      ++found.count;
    }
  }
  return found;
}

enum Reduction { kNone, kCount, kAll, kAny };

void release(Block& block, int barrier, const Arrivals& arrived) {
  ++block.epoch;
  for (Warp& warp : block.warps) {
    Mask freed = 0;
    for (Mask rest = warp.at_barrier; rest != 0; rest &= rest - 1) {
      const int lane = std::countr_zero(rest);
      if (warp.barrier[lane] != barrier) continue;
      const Instruction& i = at(warp, lane);
      if (i.mode == kCount) warp.reg(i.r[2])[lane] = arrived.yes;
      if (i.mode == kAll) warp.reg(i.r[2])[lane] = arrived.yes == arrived.count ? 1 : 0;
      if (i.mode == kAny) warp.reg(i.r[2])[lane] = arrived.yes > 0 ? 1 : 0;
      ++warp.pc[lane];
      freed |= Mask{1} << lane;
    }
    warp.at_barrier &= ~freed;
  }
}

}  // namespace

bool resolve_barriers(Block& block) {
  Grid& grid = *block.grid;
  for (int barrier = 0; barrier < 16; ++barrier) {
    const Arrivals arrived = arrivals_at(block, barrier);
    if (arrived.count == 0) continue;
    const Instruction& i = at(*arrived.warp, arrived.lane);
    const bool counted = i.r[1] != kNoRegister;
    const int expected =
        counted ? static_cast<int>(arrived.warp->reg(i.r[1])[arrived.lane]) : block.threads;
    const bool some_ended =
        !counted && block.exited > 0 && arrived.count + block.exited == block.threads;
    if (arrived.count < expected && !some_ended) continue;
    if (!arrived.same_place) {
      // CUDA C++ Programming Guide, "Synchronization Functions": __syncthreads in conditional code
      // only if the condition is the same for the whole block. The code is unsourced.
      grid.fault(*arrived.warp, i, arrived.lane, "divergence",
                 "threads of a block meet at different barriers", cudaErrorLaunchFailure);
      return false;
    }
    if (some_ended) {
      // The same section: the barrier is for all threads of the block. Hardware counts the ended
      // ones as arrived (unsourced), so that the kernel goes on.
      grid.report(
          *arrived.warp, i, arrived.lane, "divergence",
          std::to_string(block.exited) + " threads of the block have ended before this barrier");
    }
    release(block, barrier, arrived);
    return true;
  }
  return false;
}

}  // namespace keen::sim::ptx
