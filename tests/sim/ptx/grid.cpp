// Blocks: several are resident and take turns, at barriers, fences and atomics, and in an order
// that the seed chooses.
#include <algorithm>
#include <cstring>

#include "tests/sim/core/machine.h"
#include "tests/sim/ptx/special.h"
#include "tests/sim/ptx/warp.h"

namespace keen::sim::ptx {
namespace {

constexpr int kTurn = 20000;     // warp instructions
constexpr unsigned kWindow = 8;  // a block starts before at most this many of lower number
constexpr std::size_t kResident = 3;

Word special_value(const Block& block, Special special, int thread) {
  const Grid& grid = *block.grid;
  const auto x = grid.threads.x, y = grid.threads.y;
  const int lane = thread % kLanes;
  switch (special) {
    case Special::kTidX:
      return thread % x;
    case Special::kTidY:
      return thread / x % y;
    case Special::kTidZ:
      return thread / (x * y);
    case Special::kNtidX:
      return x;
    case Special::kNtidY:
      return y;
    case Special::kNtidZ:
      return grid.threads.z;
    case Special::kCtaidX:
      return block.id.x;
    case Special::kCtaidY:
      return block.id.y;
    case Special::kCtaidZ:
      return block.id.z;
    case Special::kNctaidX:
      return grid.blocks.x;
    case Special::kNctaidY:
      return grid.blocks.y;
    case Special::kNctaidZ:
      return grid.blocks.z;
    case Special::kLaneId:
      return lane;
    case Special::kWarpId:
      return thread / kLanes;
    case Special::kNWarpId:
      return block.warps.size();
    case Special::kLanemaskEq:
      return Mask{1} << lane;
    case Special::kLanemaskLt:
      return (Mask{1} << lane) - 1;
    case Special::kLanemaskLe:
      return (Mask{2} << lane) - 1;
    case Special::kLanemaskGt:
      return ~((Mask{2} << lane) - 1);
    case Special::kLanemaskGe:
      return ~((Mask{1} << lane) - 1);
    case Special::kDynamicSmemSize:
      return grid.dynamic_shared;
    case Special::kTotalSmemSize:
      return block.shared.size();
    case Special::kNSmId:
      return 1;
    default:
      return 0;
  }
}

Word constant_value(const Grid& grid, const Constant& constant) {
  if (constant.variable < 0) return constant.value;
  return constant.value + grid.module->variables[constant.variable].address[grid.execution->device];
}

dim3 block_id(const Grid& grid, std::uint64_t number) {
  const std::uint64_t x = grid.blocks.x, y = grid.blocks.y;
  return {static_cast<unsigned>(number % x), static_cast<unsigned>(number / x % y),
          static_cast<unsigned>(number / (x * y))};
}

// Starts blocks and takes them out again when they have ended.
class Residents {
 public:
  explicit Residents(Grid& grid)
      : grid_(grid), total_(std::uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z) {}

  bool done() const { return active_.empty() && waiting_.empty() && next_ == total_; }

  void admit(std::size_t at_least) {
    while (active_.size() < at_least) {
      while (waiting_.size() < kWindow && next_ < total_) waiting_.push_back(next_++);
      if (waiting_.empty()) return;
      const unsigned choice = Machine::get().random(static_cast<unsigned>(waiting_.size()));
      if (free_.empty()) free_.push_back(std::make_unique<Block>());
      active_.push_back(std::move(free_.back()));
      free_.pop_back();
      active_.back()->start(grid_, waiting_[choice]);
      waiting_.erase(waiting_.begin() + choice);
    }
  }

  // One turn of every resident block; says whether one ended.
  bool turn() {
    for (std::size_t k = 0; k < active_.size() && !grid_.dead; ++k) run_block(*active_[k]);
    const auto ended = std::stable_partition(active_.begin(), active_.end(),
                                             [](const auto& block) { return !block->finished(); });
    const bool any = ended != active_.end();
    std::for_each(ended, active_.end(), [&](const auto& block) { count_instructions(*block); });
    std::move(ended, active_.end(), std::back_inserter(free_));
    active_.erase(ended, active_.end());
    return any;
  }

  std::size_t count() const { return active_.size(); }

 private:
  void count_instructions(const Block& block) {
    for (const Warp& warp : block.warps) grid_.lane_instructions += warp.lane_instructions;
  }

  void run_block(Block& block) {
    bool progress = false;
    const std::size_t first = Machine::get().random(static_cast<unsigned>(block.warps.size()));
    for (std::size_t k = 0; k < block.warps.size() && !grid_.dead; ++k) {
      Warp& warp = block.warps[(first + k) % block.warps.size()];
      if (warp.ready() != 0) {
        run_warp(warp, kTurn);
        progress = true;
      }
      // Lanes that end may be the last that others waited for.
      if (warp.at_collective != 0 && !grid_.dead) progress |= resolve_collectives(warp);
    }
    if (grid_.dead || block.finished()) return;
    if (!progress && !resolve_barriers(block)) stuck(block);
  }

  // Hardware waits for ever: that the grid ends, and the code, are the stand-in's own (unsourced).
  void stuck(Block& block) {
    if (grid_.dead) return;
    for (Warp& warp : block.warps) {
      const Mask waiting = warp.at_collective | warp.at_barrier;
      if (waiting == 0) continue;
      const int lane = std::countr_zero(waiting);
      grid_.fault(warp, grid_.function->code[warp.pc[lane]], lane, "divergence",
                  "threads wait for each other: a barrier or a mask of lanes that not all come to",
                  cudaErrorLaunchFailure);
      return;
    }
  }

  Grid& grid_;
  std::uint64_t total_, next_ = 0;
  std::vector<std::uint64_t> waiting_;
  std::vector<std::unique_ptr<Block>> active_, free_;
};

}  // namespace

void Block::start(Grid& owner, std::uint64_t wanted) {
  grid = &owner;
  id = block_id(owner, wanted);
  number = static_cast<std::uint32_t>(wanted);
  first_moment = owner.races->next_moment();
  learnt = {};
  const Function& function = *owner.function;
  threads = static_cast<int>(owner.threads.x * owner.threads.y * owner.threads.z);
  const std::size_t warp_count = (threads + kLanes - 1) / kLanes;
  const std::size_t per_warp = static_cast<std::size_t>(function.registers) * kLanes;
  registers.assign(per_warp * warp_count, 0);
  shared.assign(function.shared_bytes_with(owner.dynamic_shared), static_cast<char>(0xff));
  shared_states.assign(shared.size(), 0);
  cells.resize(shared.size() / 4 + 1);
  local.assign(function.local_bytes * warp_count * kLanes, static_cast<char>(0xff));
  local_states.assign(local.size(), 0);
  epoch = 1;
  exited = 0;
  warps.clear();
  warps.resize(warp_count);
  for (std::size_t w = 0; w < warp_count; ++w) {
    Warp& warp = warps[w];
    warp.block = this;
    warp.index = static_cast<int>(w);
    warp.registers = registers.data() + w * per_warp;
    const int lanes = std::min(threads - static_cast<int>(w) * kLanes, kLanes);
    warp.live = lanes == kLanes ? kAllLanes : (Mask{1} << lanes) - 1;
    for (const auto& constant : function.constants) {
      const Word value = constant_value(owner, constant);
      std::fill_n(warp.reg(constant.reg), kLanes, value);
    }
    for (const auto& use : function.specials) {
      for (int l = 0; l < kLanes; ++l) {
        warp.reg(use.reg)[l] = special_value(*this, static_cast<Special>(use.special),
                                             static_cast<int>(w) * kLanes + l);
      }
    }
  }
}

// An announced block has the address space of its neighbours; what tells an access that runs over
// its end from one to the neighbour is whether the kernel was given an address in the neighbour.
void Grid::name(Word value) {
  if (!is_device_address(value) || !asked.insert(value).second) return;
  Memory& memory = Memory::get();
  const Allocation* allocation = memory.find(value);
  if (allocation == nullptr) return;
  const Reach around = memory.reach(value, execution->view);
  if (around.region != nullptr) {
    named.insert(around.region->base);
  } else if (value == allocation->base || memory.regions().is_heap(value)) {
    named_whole.insert(allocation->base);
  }
}

void Grid::run() {
  Races order(*this);
  races = &order;
  asks_names = !Memory::get().regions().empty();
  for (std::size_t at = 0; asks_names && at + sizeof(Word) <= parameters.size();
       at += sizeof(Word)) {
    Word value = 0;
    std::memcpy(&value, parameters.data() + at, sizeof value);
    name(value);
  }
  Residents residents(*this);
  std::size_t wanted = kResident;
  while (!dead && !residents.done()) {
    residents.admit(wanted);
    // Blocks may spin until one that has not started gives them something.
    const bool any_ended = residents.turn();
    wanted = any_ended ? kResident : residents.count() + 1;
  }
}

std::string Grid::place(std::uint64_t block, int thread) const {
  const auto three = [](dim3 at) {
    std::string made = "(";  // g++ 12 warns of "literal" + std::string
    made += std::to_string(at.x) + "," + std::to_string(at.y) + "," + std::to_string(at.z);
    return made += ")";
  };
  const unsigned t = static_cast<unsigned>(thread);
  return "block " + three(block_id(*this, block)) + " thread " +
         three({t % threads.x, t / threads.x % threads.y, t / (threads.x * threads.y)});
}

std::string Grid::line(const Instruction& instruction) const {
  const Text& text = function->texts[instruction.text];
  const std::string place = text.line > 0 ? text.file + ":" + std::to_string(text.line)
                                          : "PTX line " + std::to_string(text.ptx_line);
  return place + " '" + text.code + "'";
}

void Grid::report(const Warp& warp, const Instruction& instruction, int lane, const char* kind,
                  const std::string& what) {
  Machine::get().report(kind, execution->name + " " +
                                  place(warp.block->number, warp.index * kLanes + lane) + " " +
                                  line(instruction) + ": " + what);
}

void Grid::fault(const Warp& warp, const Instruction& instruction, int lane, const char* kind,
                 const std::string& what, cudaError_t error) {
  report(warp, instruction, lane, kind, what);
  Machine::get().set_sticky(error);
  dead = true;
}

}  // namespace keen::sim::ptx
