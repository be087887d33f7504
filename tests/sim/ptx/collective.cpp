// What the lanes of a warp do together: shfl, vote, match, redux, bar.warp (PTX ISA 9.0, 9.7.9.6,
// 9.7.13). A handler runs once all lanes named by the mask, except exited ones, have come.
// r[8] is the mask.
#include <bit>
#include <utility>

#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

constexpr int kMembers = 8;

enum Shuffle : std::uint8_t { kUp, kDown, kButterfly, kIndex };

// r[0] result, r[1] predicate or none, r[2] value, r[3] lane or distance, r[4] clamp and segments
void shuffle(Warp& warp, const Instruction& i, Mask lanes) {
  std::array<Word, kLanes> value{};
  each_lane(lanes, [&](int l) { value[l] = warp.reg(i.r[2])[l] & 0xffffffff; });
  std::array<int, kLanes> from{};
  Mask inside = 0;
  bool said = false;
  each_lane(lanes, [&](int l) {
    const auto by = static_cast<int>(warp.reg(i.r[3])[l] & 31);
    const auto control = static_cast<int>(warp.reg(i.r[4])[l]);
    const int clamp = control & 31, segment = control >> 8 & 31;
    const int highest = (l & segment) | (clamp & ~segment);
    int source = l;
    bool in = false;
    switch (i.mode) {
      case kUp:
        source = l - by;
        in = source >= highest;
        break;
      case kDown:
        source = l + by;
        in = source <= highest;
        break;
      case kButterfly:
        source = l ^ by;
        in = source <= highest;
        break;
      default:
        source = (l & segment) | (by & ~segment);
        in = source <= highest;
        break;
    }
    from[l] = in ? source : l;
    inside |= Mask{in} << l;
    // CUDA C++ Programming Guide, "Warp Shuffle Functions": the value of an inactive lane "is
    // undefined".
    if (in && (lanes >> source & 1) == 0 && !std::exchange(said, true)) {
      warp.block->grid->report(
          warp, i, l, "shuffle",
          "reads lane " + std::to_string(source) + ", which does not take part");
    }
  });
  each_lane(lanes, [&](int l) {
    warp.reg(i.r[0])[l] = value[from[l]];
    if (i.r[1] != kNoRegister) warp.reg(i.r[1])[l] = inside >> l & 1;
  });
}

enum Vote : std::uint8_t { kAll, kAny, kUniform, kBallot };

// flag: the predicate is negated
void vote(Warp& warp, const Instruction& i, Mask lanes) {
  Mask yes = 0;
  each_lane(lanes, [&](int l) { yes |= Mask{(warp.reg(i.r[1])[l] != 0) != i.flag} << l; });
  Word made = yes;
  if (i.mode == kAll) made = yes == lanes ? 1 : 0;
  if (i.mode == kAny) made = yes != 0 ? 1 : 0;
  if (i.mode == kUniform) made = yes == 0 || yes == lanes ? 1 : 0;
  each_lane(lanes, [&](int l) { warp.reg(i.r[0])[l] = made; });
}

// mode 0: any, 1: all (r[2]: predicate)
void match(Warp& warp, const Instruction& i, Mask lanes) {
  const Word keep = i.width == 8 ? ~Word{0} : 0xffffffff;
  std::array<Word, kLanes> value{};
  each_lane(lanes, [&](int l) { value[l] = warp.reg(i.r[1])[l] & keep; });
  each_lane(lanes, [&](int l) {
    Mask same = 0;
    each_lane(lanes, [&](int other) { same |= Mask{value[other] == value[l]} << other; });
    const bool all = same == lanes;
    warp.reg(i.r[0])[l] = i.mode == 0 || all ? same : 0;
    if (i.r[2] != kNoRegister) warp.reg(i.r[2])[l] = all ? 1 : 0;
  });
}

enum Reduction : std::uint8_t { kAdd, kMin, kMax, kAnd, kOr, kXor };

template <class T>
void reduce(Warp& warp, const Instruction& i, Mask lanes) {
  T made{};
  bool first = true;
  each_lane(lanes, [&](int l) {
    const T value = get<T>(warp.reg(i.r[1])[l]);
    if (first) {
      made = value;
    } else {
      switch (i.mode) {
        case kAdd:
          made =
              static_cast<T>(static_cast<std::uint32_t>(made) + static_cast<std::uint32_t>(value));
          break;
        case kMin:
          made = std::min(made, value);
          break;
        case kMax:
          made = std::max(made, value);
          break;
        case kAnd:
          made &= value;
          break;
        case kOr:
          made |= value;
          break;
        default:
          made ^= value;
          break;
      }
    }
    first = false;
  });
  each_lane(lanes, [&](int l) { warp.reg(i.r[0])[l] = put(made); });
}

void sync_warp(Warp& warp, const Instruction&, Mask lanes) {
  warp.block->grid->races->sync_warp(warp, lanes);
}

void decode_shuffle(Form& form, Instruction& made) {
  const int mode = form.take_one({"up", "down", "bfly", "idx"}, -1);
  if (mode < 0) form.refuse("a mode is missing or unknown");
  form.take_type();
  form.finish(5);
  made.mode = static_cast<std::uint8_t>(mode);
  made.handler = shuffle;
  made.r[0] = form.operands[0].reg;
  made.r[1] = form.operands[0].second;
  for (int k = 1; k <= 3; ++k) made.r[k + 1] = form.reg(k);
  made.r[kMembers] = form.reg(4);
}

void decode_vote(Form& form, Instruction& made) {
  const int mode = form.take_one({"all", "any", "uni", "ballot"}, -1);
  if (mode < 0) form.refuse("a mode is missing or unknown");
  form.take_type();
  form.finish(3);
  made.mode = static_cast<std::uint8_t>(mode);
  made.handler = vote;
  made.r[0] = form.reg(0);
  made.r[1] = form.operands[1].reg;
  made.flag = form.operands[1].negated;
  made.r[kMembers] = form.reg(2);
}

void decode_match(Form& form, Instruction& made) {
  const int mode = form.take_one({"any", "all"}, -1);
  if (mode < 0) form.refuse("a mode is missing or unknown");
  made.width = static_cast<std::uint8_t>(bytes_of(form.take_type()));
  form.finish(3);
  made.mode = static_cast<std::uint8_t>(mode);
  made.handler = match;
  made.r[0] = form.operands[0].reg;
  made.r[2] = form.operands[0].second;
  made.r[1] = form.reg(1);
  made.r[kMembers] = form.reg(2);
}

void decode_reduction(Form& form, Instruction& made) {
  const int mode = form.take_one({"add", "min", "max", "and", "or", "xor"}, -1);
  if (mode < 0) form.refuse("an operation is missing or unknown");
  const Type type = form.take_type();
  if (bytes_of(type) != 4 || type == Type::kF32) form.refuse("this type is not supported");
  form.finish(3);
  made.mode = static_cast<std::uint8_t>(mode);
  made.handler = is_signed(type) ? reduce<std::int32_t> : reduce<std::uint32_t>;
  made.r[0] = form.reg(0);
  made.r[1] = form.reg(1);
  made.r[kMembers] = form.reg(2);
}

// All lanes of `needed` wait, with this mask, at the same instruction.
bool complete(const Warp& warp, int lane, Mask needed) {
  if ((needed & ~warp.at_collective) != 0) return false;
  for (Mask rest = needed; rest != 0; rest &= rest - 1) {
    const int other = std::countr_zero(rest);
    if (warp.members[other] != warp.members[lane]) return false;
    // Lanes may come to __syncwarp from different places, but to an exchange of values they may
    // not: unsourced, and stricter than PTX ISA 9.0, "shfl.sync", which asks for the same
    // qualifiers and mask.
    const auto& code = warp.block->grid->function->code;
    const bool apart = warp.pc[other] != warp.pc[lane];
    if (apart &&
        (code[warp.pc[other]].handler != sync_warp || code[warp.pc[lane]].handler != sync_warp))
      return false;
  }
  return true;
}

}  // namespace

bool decode_collective(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  const bool warp_barrier = op == "bar" && form.take("warp");
  if (!warp_barrier && op != "shfl" && op != "vote" && op != "match" && op != "redux") return false;
  if (!form.take("sync")) form.refuse("only the .sync form is supported");
  if (op == "shfl") decode_shuffle(form, made);
  if (op == "vote") decode_vote(form, made);
  if (op == "match") decode_match(form, made);
  if (op == "redux") decode_reduction(form, made);
  if (warp_barrier) {
    form.finish(1);
    made.handler = sync_warp;
    made.r[kMembers] = form.reg(0);
  }
  made.flow = Flow::kCollective;
  return true;
}

bool resolve_collectives(Warp& warp) {
  bool any = false;
  for (Mask rest = warp.at_collective; rest != 0;) {
    const int lane = std::countr_zero(rest);
    const Mask needed = warp.members[lane] & warp.live;
    rest &= rest - 1;
    const Instruction& instruction = warp.block->grid->function->code[warp.pc[lane]];
    // CUDA C++ Programming Guide, "Warp Shuffle Functions" and "Synchronization Functions": each
    // calling thread must be in the mask. The code is unsourced.
    if ((warp.members[lane] >> lane & 1) == 0) {
      warp.block->grid->fault(warp, instruction, lane, "divergence",
                              "the lane is not in its own mask", cudaErrorLaunchFailure);
      return false;
    }
    if (!complete(warp, lane, needed)) continue;
    instruction.handler(warp, instruction, needed);
    warp.at_collective &= ~needed;
    rest &= ~needed;
    each_lane(needed, [&](int l) { ++warp.pc[l]; });
    any = true;
  }
  return any;
}

}  // namespace keen::sim::ptx
