// cp.async (PTX ISA 9.0, 9.7.9.25.3): copies from global to shared memory that are there once the
// thread has waited for them; other threads see them behind a barrier.
#include <cstring>

#include "tests/sim/ptx/access.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

// Reads `bytes` of the lane's source, whole or byte by byte. False: a fault.
bool read_source(Warp& warp, const Instruction& i, int lane, int bytes, char* into) {
  Instruction source = i;
  source.space = Space::kGlobal;
  const int step = bytes == i.width ? bytes : 1;
  for (int at = 0; at < bytes; at += step) {
    source.offset = i.source_offset + at;
    Pointers from;
    if (!resolve(warp, source, Mask{1} << lane, i.r[1], step, Use::kRead, from)) return false;
    note_reads(warp, i, from, step);
    std::memcpy(into + at, from.bytes[lane], static_cast<std::size_t>(step));
  }
  return true;
}

// r[0] destination, r[1] source, r[2] how many bytes come from the source (the rest are zeros), or
// none; width: bytes of the destination
void copy(Warp& warp, const Instruction& i, Mask lanes) {
  Pointers to;
  if (!resolve(warp, i, lanes, i.r[0], i.width, Use::kWrite, to)) return;
  Block& block = *warp.block;
  each_lane(lanes, [&](int l) {
    if (block.grid->dead) return;
    const Word bytes = i.r[2] == kNoRegister ? i.width : warp.reg(i.r[2])[l] & 0xffffffff;
    const bool aligned = (warp.reg(i.r[1])[l] + i.source_offset) % i.width == 0;
    if (!aligned || bytes > i.width) {
      block.grid->fault(warp, i, l, aligned ? "async-copy" : "misaligned",
                        aligned ? "more bytes from the source than are copied" : "the source",
                        cudaErrorMisalignedAddress);
      return;
    }
    WarpCopies::Copy made{l, warp.copies.group[l], to.bytes[l], i.width, {}};
    if (!read_source(warp, i, l, static_cast<int>(bytes), made.bytes.data())) return;
    note_write(warp, i, l, to, i.width, nullptr);
    std::memset(block.shared_states.data() + to.addresses[l], kInFlight, i.width);
    warp.copies.waiting.push_back(made);
  });
}

void commit(Warp& warp, const Instruction&, Mask lanes) {
  each_lane(lanes, [&](int l) { ++warp.copies.group[l]; });
}

// offset: how many of the last groups may stay; flag: all that there is ends, committed or not
void wait(Warp& warp, const Instruction& i, Mask lanes) {
  Block& block = *warp.block;
  if (i.flag) commit(warp, i, lanes);
  std::erase_if(warp.copies.waiting, [&](const WarpCopies::Copy& copied) {
    const bool stays = copied.group + i.offset >= warp.copies.group[copied.lane];
    if ((lanes >> copied.lane & 1) == 0 || stays) return false;
    std::memcpy(copied.target, copied.bytes.data(), copied.count);
    std::memset(block.shared_states.data() + (copied.target - block.shared.data()), kWritten,
                copied.count);
    return true;
  });
}

std::int64_t constant_of(const Form& form, std::size_t index) {
  if (index >= form.operands.size() || form.operands[index].number < 0)
    form.refuse("a number is missing");
  return form.operands[index].number;
}

void decode_copy(Form& form, Instruction& made) {
  const bool past_l1 = form.take("cg");
  if (!past_l1 && !form.take("ca")) form.refuse(".ca or .cg is missing");
  made.space = Space::kShared;
  const bool to_shared = form.take("shared") || form.take("shared::cta");
  if (!form.take("global") || !to_shared)
    form.refuse("only copies from .global to .shared are supported");
  std::erase_if(form.modifiers, [](const std::string& m) { return m.starts_with("L2::"); });
  form.finish(form.operands.size() == 4 ? 4 : 3);
  const std::int64_t bytes = constant_of(form, 2);
  if (bytes != 16 && (past_l1 || (bytes != 4 && bytes != 8)))
    form.refuse("a copy of this size does not exist");
  made.width = static_cast<std::uint8_t>(bytes);
  if (!form.operands[0].address || !form.operands[1].address) form.refuse("an address is missing");
  made.r[0] = form.operands[0].reg;
  made.offset = form.operands[0].offset;
  made.r[1] = form.operands[1].reg;
  made.source_offset = form.operands[1].offset;
  if (form.operands.size() == 4) made.r[2] = form.reg(3);
  made.handler = copy;
}

}  // namespace

bool decode_async(Form& form, Instruction& made) {
  if (form.opcode != "cp" || !form.take("async")) return false;
  if (form.take("commit_group")) {
    form.finish(0);
    made.handler = commit;
  } else if (form.take("wait_all")) {
    form.finish(0);
    made.flag = true;
    made.handler = wait;
  } else if (form.take("wait_group")) {
    form.finish(1);
    made.offset = constant_of(form, 0);
    made.handler = wait;
  } else {
    decode_copy(form, made);
  }
  return true;
}

}  // namespace keen::sim::ptx
