// mov, cvta, isspacep (PTX ISA 9.0, 9.7.9).
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

void move(Warp& warp, const Instruction& i, Mask lanes) {
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  const Word keep = i.width == 8 ? ~Word{0} : (Word{1} << (8 * i.width)) - 1;
  each_lane(lanes, [&](int l) { d[l] = a[l] & keep; });
}

// mov.b64 d, {a, b} and mov.b64 {a, b}, d: elements parts, each of width bytes, lowest first.
void pack(Warp& warp, const Instruction& i, Mask lanes) {
  const Word keep = (Word{1} << (8 * i.width)) - 1;
  each_lane(lanes, [&](int l) {
    Word made = 0;
    for (int e = 0; e < i.elements; ++e)
      made |= (warp.reg(i.r[1 + e])[l] & keep) << (8 * i.width * e);
    warp.reg(i.r[0])[l] = made;
  });
}

void unpack(Warp& warp, const Instruction& i, Mask lanes) {
  const Word keep = (Word{1} << (8 * i.width)) - 1;
  const Word* from = warp.reg(i.r[i.elements]);
  each_lane(lanes, [&](int l) {
    const Word value = from[l];
    for (int e = 0; e < i.elements; ++e) warp.reg(i.r[e])[l] = value >> (8 * i.width * e) & keep;
  });
}

void decode_mov(Form& form, Instruction& made) {
  const Type type = form.take_type();
  made.width = static_cast<std::uint8_t>(bytes_of(type));
  form.finish(2);
  const auto& to = form.operands[0];
  const auto& from = form.operands[1];
  if (to.vector.empty() && from.vector.empty()) {
    made.handler = move;
    take_registers(form, made, 1);
    return;
  }
  const bool packs = !from.vector.empty();
  const auto& parts = packs ? from.vector : to.vector;
  if ((packs && !to.vector.empty()) || parts.size() > 4)
    form.refuse("vectors of this form are not supported");
  made.elements = static_cast<std::uint8_t>(parts.size());
  made.width = static_cast<std::uint8_t>(bytes_of(type) / static_cast<int>(parts.size()));
  made.handler = packs ? pack : unpack;
  if (packs) made.r[0] = form.reg(0);
  for (std::size_t e = 0; e < parts.size(); ++e) made.r[e + (packs ? 1 : 0)] = parts[e];
  if (!packs) made.r[parts.size()] = form.reg(1);
}

Word window_of(const Form& form, Space space) {
  switch (space) {
    case Space::kShared:
      return kSharedWindow;
    case Space::kLocal:
      return kLocalWindow;
    case Space::kParam:
      return kParameterWindow;
    case Space::kGlobal:
    case Space::kConst:
      return 0;
    default:
      form.refuse("a space is missing or unknown");
  }
}

void add_offset(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) { warp.reg(i.r[0])[l] = warp.reg(i.r[1])[l] + i.offset; });
}

void is_in_space(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const Word address = warp.reg(i.r[1])[l];
    const Space space = address >= kWindowsEnd        ? Space::kGlobal
                        : address >= kParameterWindow ? Space::kParam
                        : address >= kLocalWindow     ? Space::kLocal
                        : address >= kSharedWindow    ? Space::kShared
                                                      : Space::kGlobal;
    warp.reg(i.r[0])[l] = space == i.space ? 1 : 0;
  });
}

}  // namespace

bool decode_move(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  if (op == "mov") {
    decode_mov(form, made);
  } else if (op == "cvta") {
    const bool to = form.take("to");
    const auto window = static_cast<std::int64_t>(window_of(form, form.take_space()));
    form.take_type();
    made.offset = to ? -window : window;
    made.handler = add_offset;
    take_registers(form, made, 1);
  } else if (op == "isspacep") {
    made.space = form.take_space();
    window_of(form, made.space);
    made.handler = is_in_space;
    take_registers(form, made, 1);
  } else {
    return false;
  }
  return true;
}

}  // namespace keen::sim::ptx
