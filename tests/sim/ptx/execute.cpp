// The lanes of a warp have a program counter each (CUDA C++ Programming Guide, "Independent Thread
// Scheduling"). Those that stand at the lowest one run together, which brings branches together
// again without any analysis; now and then others are picked, so that none is kept waiting for
// ever.
#include <climits>

#include "tests/sim/core/machine.h"
#include "tests/sim/ptx/warp.h"

namespace keen::sim::ptx {
namespace {

constexpr int kPatience = 2000;  // instructions that lanes may run while others stand ready
constexpr std::uint64_t kLongest = std::uint64_t{4} << 30;  // warp instructions of one kernel

struct Group {
  int pc = 0;
  Mask lanes = 0;
  int next = INT_MAX;  // the lowest pc of the other ready lanes that lies beyond
  bool others = false;
};

Group pick(const Warp& warp, Mask ready, bool fair) {
  Group group;
  group.pc = INT_MAX;
  if (fair) {
    Mask rest = ready;
    for (unsigned skip = Machine::get().random(std::popcount(ready)); skip > 0; --skip)
      rest &= rest - 1;
    group.pc = warp.pc[std::countr_zero(rest)];
  } else {
    for (Mask rest = ready; rest != 0; rest &= rest - 1)
      group.pc = std::min(group.pc, warp.pc[std::countr_zero(rest)]);
  }
  for (Mask rest = ready; rest != 0; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    if (warp.pc[lane] == group.pc) {
      group.lanes |= Mask{1} << lane;
    } else {
      group.others = true;
      if (warp.pc[lane] > group.pc) group.next = std::min(group.next, warp.pc[lane]);
    }
  }
  return group;
}

Mask under_predicate(const Warp& warp, const Instruction& i, Mask lanes) {
  if (i.predicate == kNoRegister) return lanes;
  const Word* p = warp.reg(i.predicate);
  Mask set = 0;
  for (int l = 0; l < kLanes; ++l) set |= Mask{(p[l] & 1) != 0} << l;
  return lanes & (i.negated ? ~set : set);
}

void set_pc(Warp& warp, Mask lanes, int pc) {
  each_lane(lanes, [&](int l) { warp.pc[l] = pc; });
}

void end_lanes(Warp& warp, Mask lanes) {
  warp.live &= ~lanes;
  warp.block->exited += std::popcount(lanes);
}

void wait_at(Warp& warp, const Instruction& i, Mask lanes) {
  if (i.flow == Flow::kCollective) {
    each_lane(lanes, [&](int l) { warp.members[l] = static_cast<Mask>(warp.reg(i.r[8])[l]); });
    warp.at_collective |= lanes;
  } else {
    each_lane(lanes, [&](int l) { warp.barrier[l] = static_cast<int>(warp.reg(i.r[0])[l] & 15); });
    warp.at_barrier |= lanes;
  }
}

// Runs one instruction that is not a plain one. False: the group is no longer as it was.
bool run_flow(Warp& warp, const Instruction& i, Group& group, Mask active) {
  if (i.flow == Flow::kBranch) {
    if (active == 0) {
      ++group.pc;
      return true;
    }
    if (active == group.lanes) {
      group.pc = i.target;
      return group.pc < group.next;
    }
    set_pc(warp, active, i.target);
    set_pc(warp, group.lanes & ~active, group.pc + 1);
    return false;
  }
  if (active == 0) {
    ++group.pc;
    return true;
  }
  set_pc(warp, active, group.pc);
  set_pc(warp, group.lanes & ~active, group.pc + 1);
  if (i.flow == Flow::kExit) {
    end_lanes(warp, active);
  } else {
    wait_at(warp, i, active);
    if (i.flow == Flow::kCollective) resolve_collectives(warp);
  }
  return false;
}

// The instructions that a group runs one after the other, for the kernel's coverage.
struct Stretch {
  Coverage& coverage;
  int first, last;
  Stretch(Coverage& kernel, int pc) : coverage(kernel), first(pc), last(pc - 1) {}
  ~Stretch() { coverage.ran(first, last); }
  Stretch(const Stretch&) = delete;
  Stretch& operator=(const Stretch&) = delete;
  void jump(int pc) {
    coverage.ran(first, last);
    first = pc;
    last = pc - 1;
  }
};

// Runs the group until it splits, waits, meets others or has used up what it may. Gives back
// whether the pcs of its lanes are stored.
bool run_group(Warp& warp, Group& group, int limit) {
  Grid& grid = *warp.block->grid;
  const Instruction* code = grid.function->code.data();
  Stretch stretch(*grid.coverage, group.pc);
  for (int steps = 0; steps < limit; ++steps) {
    const Instruction& i = code[group.pc];
    stretch.last = group.pc;
    const Mask active = under_predicate(warp, i, group.lanes);
    ++warp.instructions;
    warp.lane_instructions += std::popcount(group.lanes);
    if (i.flow == Flow::kNext) {
      if (active != 0) i.handler(warp, i, active);
      if (grid.dead) return true;
      ++group.pc;
      if (group.pc >= group.next || grid.yield) return false;
    } else if (!run_flow(warp, i, group, active)) {
      return i.flow != Flow::kBranch || (active != group.lanes);
    } else {
      if (group.pc != stretch.last + 1) stretch.jump(group.pc);
      if (group.pc >= group.next) return false;
    }
  }
  return false;
}

}  // namespace

void run_warp(Warp& warp, int budget) {
  Grid& grid = *warp.block->grid;
  grid.yield = false;
  bool fair = false;
  const std::uint64_t end = warp.instructions + budget;
  while (!grid.dead && !grid.yield && warp.instructions < end) {
    const Mask ready = warp.ready();
    if (ready == 0) return;
    Group group = pick(warp, ready, fair);
    const std::uint64_t before = warp.instructions;
    const int limit = group.others ? std::min(budget, kPatience) : budget;
    if (!run_group(warp, group, limit)) set_pc(warp, group.lanes, group.pc);
    const auto ran = warp.instructions - before;
    fair = group.others && ran >= static_cast<std::uint64_t>(limit);
    grid.instructions += ran;
  }
  if (grid.instructions > kLongest) {
    grid.fault(warp, grid.function->code[warp.pc[0]], 0, "timeout", "the kernel does not end",
               cudaErrorLaunchTimeout);
  }
}

}  // namespace keen::sim::ptx
