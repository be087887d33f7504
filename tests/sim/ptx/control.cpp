// exit, ret, barriers, fences (PTX ISA 9.0, 9.7.12 and 9.7.13).
#include <algorithm>

#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

void let_others_go(Warp& warp, const Instruction&, Mask) { warp.block->grid->yield = true; }

// mode: the scope holds more than the block
void fence(Warp& warp, const Instruction& i, Mask lanes) {
  warp.block->grid->yield = true;
  warp.block->grid->races->fence(warp, lanes, i.mode != 0);
}

void nothing(Warp&, const Instruction&, Mask) {}

void active_mask(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) { warp.reg(i.r[0])[l] = lanes; });
}

// r[0] the barrier, r[1] the number of threads or none; of bar.red also r[2] result, r[3]
// predicate.
bool decode_barrier(Form& form, Instruction& made) {
  if (std::ranges::find(form.modifiers, "warp") != form.modifiers.end()) return false;
  form.take("cta");
  form.take("aligned");
  made.flow = Flow::kBarrier;
  made.handler = nothing;
  if (form.take("red")) {
    const int op = form.take_one({"popc", "and", "or"}, -1);
    if (op < 0) form.refuse("an operation is missing or unknown");
    made.mode = static_cast<std::uint8_t>(op + 1);
    form.take_type();
    if (form.operands.size() == 4)
      made.r[1] = form.reg(2);
    else
      form.finish(3);
    made.r[2] = form.reg(0);
    made.r[0] = form.reg(1);
    const Operand& predicate = form.operands.back();
    made.r[3] = predicate.reg;
    made.flag = predicate.negated;
    return true;
  }
  if (!form.take("sync")) form.refuse("only .sync and .red are supported");
  form.finish(form.operands.size() == 2 ? 2 : 1);
  made.r[0] = form.reg(0);
  if (form.operands.size() == 2) made.r[1] = form.reg(1);
  return true;
}

bool decode_fence(Form& form, Instruction& made) {
  form.take_one({"sc", "acq_rel", "acquire", "release"}, 0);
  made.mode = form.take_one({"cta", "cluster", "gpu", "sys", "gl"}, 2) >= 2 ? 1 : 0;
  form.finish(0);
  made.handler = fence;
  return true;
}

}  // namespace

bool decode_control(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  if (op == "bar" || op == "barrier") return decode_barrier(form, made);
  if (op == "membar" || op == "fence") return decode_fence(form, made);
  if (op == "exit" || op == "ret") {
    form.take("uni");
    form.finish(0);
    made.flow = Flow::kExit;
    made.handler = nothing;
  } else if (op == "nanosleep") {
    form.take_type();
    form.finish(1);
    made.handler = let_others_go;
  } else if (op == "activemask") {
    form.take_type();
    made.handler = active_mask;
    take_registers(form, made, 0);
  } else {
    return false;
  }
  return true;
}

}  // namespace keen::sim::ptx
