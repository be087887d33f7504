// atom, red (PTX ISA 9.0, 9.7.13): lane by lane, in the order of the lanes.
#include <cstring>

#include "tests/sim/ptx/access.h"
#include "tests/sim/ptx/half_values.h"
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

// ---- Sums of one to four elements of f32 or of 16 bits, each by itself atomic -----------------

template <class H, int halves>
std::uint32_t add_halves(std::uint32_t a, std::uint32_t b) {
  std::uint32_t made = 0;
  for (int h = 0; h < halves; ++h) {
    const auto part = [&](std::uint32_t x) {
      return H::to_double(static_cast<std::uint16_t>(x >> (16 * h)));
    };
    made |= std::uint32_t{H::from_double(multiply_add_to_odd(part(a), 1, part(b)))} << (16 * h);
  }
  return made;
}

std::uint32_t add_floats(std::uint32_t a, std::uint32_t b) {
  return std::bit_cast<std::uint32_t>(std::bit_cast<float>(a) + std::bit_cast<float>(b));
}

// atom: the first registers take the old values; then the address, then what is added.
template <class T, std::uint32_t (*add)(std::uint32_t, std::uint32_t)>
void add_elements(Warp& warp, const Instruction& i, Mask lanes) {
  Pointers found;
  const int bytes = static_cast<int>(sizeof(T)) * i.elements;
  if (!resolve(warp, i, lanes, i.r[i.elements], bytes, Use::kReadWrite, found)) return;
  const bool gives_back = i.r[0] != kNoRegister;
  note_strong(warp, i, lanes, found, gives_back ? Use::kReadWrite : Use::kWrite);
  each_lane(lanes, [&](int l) {
    note_write(warp, i, l, found, bytes, nullptr);
    std::array<Word, 4> old{};
    for (int e = 0; e < i.elements; ++e) {
      T there;
      char* place = found.bytes[l] + e * sizeof(T);
      std::memcpy(&there, place, sizeof there);
      old[e] = there;
      const auto value = static_cast<std::uint32_t>(warp.reg(i.r[i.elements + 1 + e])[l]);
      there = static_cast<T>(add(there, value));
      std::memcpy(place, &there, sizeof there);
    }
    for (int e = 0; e < i.elements && gives_back; ++e) warp.reg(i.r[e])[l] = old[e];
  });
}

Handler add_handler(Type type) {
  switch (type) {
    case Type::kF32:
      return add_elements<std::uint32_t, add_floats>;
    case Type::kF16:
      return add_elements<std::uint16_t, add_halves<Half, 1>>;
    case Type::kF16x2:
      return add_elements<std::uint32_t, add_halves<Half, 2>>;
    case Type::kBf16:
      return add_elements<std::uint16_t, add_halves<Bfloat, 1>>;
    case Type::kBf16x2:
      return add_elements<std::uint32_t, add_halves<Bfloat, 2>>;
    default:
      return nullptr;
  }
}

void decode_add_elements(Form& form, Instruction& made, bool atom, Type type) {
  made.handler = add_handler(type);
  if (made.handler == nullptr || made.elements > 4)
    form.refuse("this type or vector is not supported");
  form.take("noftz");
  made.width = static_cast<std::uint8_t>(bytes_of(type));
  form.finish(atom ? 3 : 2);
  const auto take = [&](std::size_t operand, std::size_t at) {
    const Operand& from = form.operands[operand];
    const auto registers = from.vector.empty() ? std::vector<int>{from.reg} : from.vector;
    if (registers.size() != made.elements) form.refuse("the vector has another number of elements");
    for (std::size_t e = 0; e < registers.size(); ++e) made.r[at + e] = registers[e];
  };
  const Operand& address = form.operands[atom ? 1 : 0];
  if (!address.address) form.refuse("an address is missing");
  made.offset = address.offset;
  if (atom) take(0, 0);
  made.r[made.elements] = address.reg;
  take(atom ? 2 : 1, made.elements + std::size_t{1});
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
  made.elements = static_cast<std::uint8_t>(form.take_vector());
  const Type type = form.take_type();
  const bool sixteen =
      type == Type::kF16 || type == Type::kF16x2 || type == Type::kBf16 || type == Type::kBf16x2;
  if (op == kAdd && (sixteen || made.elements > 1)) {
    decode_add_elements(form, made, atom, type);
    return true;
  }
  if (made.elements > 1) form.refuse("a vector of this is not supported");
  if (!allowed(type, op)) form.refuse("this type is not supported for the operation");
  made.mode = static_cast<std::uint8_t>(op);
  made.compares = op == kCas;
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
