// atom, red (PTX ISA 9.0, 9.7.13): lane by lane, in the order of the lanes.
#include <cstring>

#include "tests/sim/ptx/access.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

enum Op : std::uint8_t { kAdd, kMin, kMax, kAnd, kOr, kXor, kExch, kCas, kInc, kDec };

template <class T>
T integer_result(int op, T old, T value) {
  using U = std::make_unsigned_t<T>;
  switch (op) {
    case kAdd:
      return static_cast<T>(static_cast<U>(old) + static_cast<U>(value));
    case kMin:
      return std::min(old, value);
    case kMax:
      return std::max(old, value);
    case kAnd:
      return old & value;
    case kOr:
      return old | value;
    case kXor:
      return old ^ value;
    case kInc:
      return old >= value ? T{0} : static_cast<T>(old + 1);
    case kDec:
      return old == 0 || old > value ? value : static_cast<T>(old - 1);
    default:
      return value;  // exch
  }
}

template <class T>
T result(int op, T old, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return op == kAdd ? old + value : value;
  } else {
    return integer_result(op, old, value);
  }
}

// atom: r[0] old value, r[1] address, r[2] value, r[3] the new value of cas. red: r[0] is not
// there.
template <class T>
void execute(Warp& warp, const Instruction& i, Mask lanes) {
  Pointers found;
  if (!resolve(warp, i, lanes, i.r[1], sizeof(T), Use::kReadWrite, found)) return;
  // A red gives nothing to its thread.
  note_strong(warp, i, lanes, found, i.r[0] == kNoRegister ? Use::kWrite : Use::kReadWrite);
  each_lane(lanes, [&](int l) {
    note_write(warp, i, l, found, sizeof(T), nullptr);
    T old;
    std::memcpy(&old, found.bytes[l], sizeof old);
    const T value = get<T>(warp.reg(i.r[2])[l]);
    T made{};
    if (i.mode == kCas) {
      made = put(old) == put(value) ? get<T>(warp.reg(i.r[3])[l]) : old;
    } else {
      made = result(i.mode, old, value);
    }
    std::memcpy(found.bytes[l], &made, sizeof made);
    if (i.r[0] != kNoRegister) warp.reg(i.r[0])[l] = put(old);
  });
}

bool allowed(Type type, int op) {
  switch (type) {
    case Type::kB16:
      return op == kCas;
    case Type::kB32:
    case Type::kB64:
      return (op >= kAnd && op <= kCas);
    case Type::kU32:
      return op <= kMax || op == kInc || op == kDec;
    case Type::kU64:
    case Type::kS32:
    case Type::kS64:
      return op <= kMax;
    case Type::kF32:
    case Type::kF64:
      return op == kAdd;
    default:
      return false;
  }
}

Handler handler_of(const Form& form, Type type) {
  switch (type) {
    case Type::kB16:
      return execute<std::uint16_t>;
    case Type::kB32:
    case Type::kU32:
      return execute<std::uint32_t>;
    case Type::kB64:
    case Type::kU64:
      return execute<std::uint64_t>;
    case Type::kS32:
      return execute<std::int32_t>;
    case Type::kS64:
      return execute<std::int64_t>;
    case Type::kF32:
      return execute<float>;
    case Type::kF64:
      return execute<double>;
    default:
      form.refuse("this type is not supported");
  }
}

}  // namespace

bool decode_atomic(Form& form, Instruction& made) {
  const bool atom = form.opcode == "atom";
  if (!atom && form.opcode != "red") return false;
  made.releases = form.take_one({"relaxed", "acquire", "release", "acq_rel"}, 0) >= 2;
  // "If no scope is specified, the atomic operation is performed with .gpu scope."
  made.strength = form.take_one({"cta", "cluster", "gpu", "sys"}, 2) == 0 ? Strength::kBlock
                                                                          : Strength::kDevice;
  made.space = form.take_space();
  const int op =
      form.take_one({"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"}, -1);
  if (op < 0) form.refuse("an operation is missing or unknown");
  const Type type = form.take_type();
  if (!allowed(type, op)) form.refuse("this type is not supported for the operation");
  made.mode = static_cast<std::uint8_t>(op);
  made.handler = handler_of(form, type);
  form.finish((atom ? 3U : 2U) + (op == kCas ? 1U : 0U));
  std::size_t next = 0;
  if (atom) made.r[0] = form.operands[next++].reg;
  if (!form.operands[next].address) form.refuse("an address is missing");
  made.offset = form.operands[next].offset;
  made.r[1] = form.operands[next++].reg;
  made.r[2] = form.reg(next++);
  if (op == kCas) made.r[3] = form.reg(next);
  return true;
}

}  // namespace keen::sim::ptx
