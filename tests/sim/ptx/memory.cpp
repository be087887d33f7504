// ld, ldu, st (PTX ISA 9.0, 9.7.9): one access per lane, vectors included.
#include <cstring>

#include "tests/sim/ptx/access.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

// What one element in memory becomes in a register: sign-extended or with zeros.
template <class T>
Word extended(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<Word>(static_cast<std::int64_t>(value));
}

template <class T>
void load(Warp& warp, const Instruction& i, Mask lanes) {
  Pointers found;
  const int bytes = static_cast<int>(sizeof(T)) * i.elements;
  if (!resolve(warp, i, lanes, i.r[i.elements], bytes, Use::kRead, found)) return;
  if (i.strength != Strength::kWeak) note_strong(warp, i, lanes, found, Use::kRead);
  note_reads(warp, i, found, bytes);
  for (int e = 0; e < i.elements; ++e) {
    Word* d = warp.reg(i.r[e]);
    each_lane(lanes, [&](int l) { d[l] = extended<T>(found.bytes[l] + e * sizeof(T)); });
    if (sizeof(T) == sizeof(Word) && warp.block->grid->asks_names)
      each_lane(lanes, [&](int l) { warp.block->grid->name(d[l]); });
  }
}

template <class T>
void store(Warp& warp, const Instruction& i, Mask lanes) {
  Pointers found;
  const int bytes = static_cast<int>(sizeof(T)) * i.elements;
  if (!resolve(warp, i, lanes, i.r[0], bytes, Use::kWrite, found)) return;
  if (i.strength != Strength::kWeak) note_strong(warp, i, lanes, found, Use::kWrite);
  each_lane(lanes, [&](int l) {
    T values[8];
    for (int e = 0; e < i.elements; ++e) values[e] = static_cast<T>(warp.reg(i.r[1 + e])[l]);
    note_write(warp, i, l, found, bytes, values);
    std::memcpy(found.bytes[l], values, bytes);
  });
}

// Hints to caches change nothing here; strong accesses are kept apart from the weak ones.
void take_memory_modifiers(Form& form, Instruction& made) {
  std::erase_if(form.modifiers, [](const std::string& m) {
    return m.starts_with("L1::") || m.starts_with("L2::");
  });
  form.take_one({"ca", "cg", "cs", "lu", "cv", "wb", "wt"}, 0);
  form.take("weak");
  const int order = form.take_one({"volatile", "relaxed", "acquire", "release"}, -1);
  const int scope = form.take_one({"cta", "cluster", "gpu", "sys"}, -1);
  if (scope >= 0 && order < 0) form.refuse("a scope without an order");
  // .volatile is .relaxed with the scope of the system (PTX ISA 9.0, 9.7.9.8, ld).
  if (order >= 0) made.strength = scope == 0 ? Strength::kBlock : Strength::kDevice;
  made.releases = order == 3;
  made.flag = form.take("nc");
  if (made.flag && made.space != Space::kGlobal) form.refuse(".nc is for .global only");
}

Handler load_handler(const Form& form, Type type) {
  switch (type) {
    case Type::kB8:
    case Type::kU8:
      return load<std::uint8_t>;
    case Type::kS8:
      return load<std::int8_t>;
    case Type::kS16:
      return load<std::int16_t>;
    case Type::kS32:
      return load<std::int32_t>;
    case Type::kPred:
      break;
    default:
      if (bytes_of(type) == 2) return load<std::uint16_t>;
      if (bytes_of(type) == 4) return load<std::uint32_t>;
      if (bytes_of(type) == 8) return load<std::uint64_t>;
  }
  form.refuse("this type is not supported");
}

Handler store_handler(const Form& form, Type type) {
  if (type != Type::kPred) {
    switch (bytes_of(type)) {
      case 1:
        return store<std::uint8_t>;
      case 2:
        return store<std::uint16_t>;
      case 4:
        return store<std::uint32_t>;
      case 8:
        return store<std::uint64_t>;
      default:
        break;
    }
  }
  form.refuse("this type is not supported");
}

}  // namespace

bool decode_memory(Form& form, Instruction& made) {
  const bool loads = form.opcode == "ld" || form.opcode == "ldu";
  if (!loads && form.opcode != "st") return false;
  made.space = form.take_space();
  take_memory_modifiers(form, made);
  made.elements = static_cast<std::uint8_t>(form.take_vector());
  const Type type = form.take_type();
  made.width = static_cast<std::uint8_t>(bytes_of(type));
  made.loads = loads;
  made.handler = loads ? load_handler(form, type) : store_handler(form, type);
  form.finish(2);
  const Operand& address = form.operands[loads ? 1 : 0];
  const Operand& value = form.operands[loads ? 0 : 1];
  if (!address.address || value.address) form.refuse("an address is missing");
  // A call's parameters lie in the local memory of the caller.
  if (made.space == Space::kParam && address.local) made.space = Space::kLocal;
  made.offset = address.offset;
  std::vector<int> registers = value.vector.empty() ? std::vector<int>{value.reg} : value.vector;
  if (registers.size() != made.elements) form.refuse("the vector has another number of elements");
  registers.insert(loads ? registers.end() : registers.begin(), address.reg);
  for (std::size_t k = 0; k < registers.size(); ++k) made.r[k] = registers[k];
  return true;
}

}  // namespace keen::sim::ptx
