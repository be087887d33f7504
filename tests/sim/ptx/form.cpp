#include "tests/sim/ptx/form.h"

#include <algorithm>

namespace keen::sim::ptx {
namespace {

struct TypeName {
  const char* name;
  Type type;
  int bytes;
};

using Decoder = bool (*)(Form&, Instruction&);
constexpr Decoder kDecoders[] = {
    decode_move,   decode_arithmetic,  decode_float,   decode_compare,    decode_memory,
    decode_bits,   decode_convert,     decode_control, decode_collective, decode_half,
    decode_atomic, decode_approximate, decode_async,   decode_print};

constexpr TypeName kTypes[] = {
    {"pred", Type::kPred, 1}, {"b8", Type::kB8, 1},         {"b16", Type::kB16, 2},
    {"b32", Type::kB32, 4},   {"b64", Type::kB64, 8},       {"u8", Type::kU8, 1},
    {"u16", Type::kU16, 2},   {"u32", Type::kU32, 4},       {"u64", Type::kU64, 8},
    {"s8", Type::kS8, 1},     {"s16", Type::kS16, 2},       {"s32", Type::kS32, 4},
    {"s64", Type::kS64, 8},   {"f16", Type::kF16, 2},       {"f16x2", Type::kF16x2, 4},
    {"bf16", Type::kBf16, 2}, {"bf16x2", Type::kBf16x2, 4}, {"f32", Type::kF32, 4},
    {"f64", Type::kF64, 8},
};

}  // namespace

int bytes_of(Type type) {
  for (const auto& row : kTypes) {
    if (row.type == type) return row.bytes;
  }
  return 0;
}

bool is_signed(Type type) { return type >= Type::kS8 && type <= Type::kS64; }
bool is_float(Type type) { return type == Type::kF32 || type == Type::kF64; }

bool Form::take(const char* modifier) {
  const auto found = std::ranges::find(modifiers, modifier);
  if (found == modifiers.end()) return false;
  modifiers.erase(found);
  return true;
}

int Form::take_one(std::initializer_list<const char*> choices, int none) {
  int index = 0;
  for (const char* choice : choices) {
    if (take(choice)) return index;
    ++index;
  }
  return none;
}

Type Form::take_optional_type() {
  for (auto modifier = modifiers.begin(); modifier != modifiers.end(); ++modifier) {
    for (const auto& row : kTypes) {
      if (*modifier != row.name) continue;
      modifiers.erase(modifier);
      return row.type;
    }
  }
  return Type::kNone;
}

Type Form::take_type() {
  const Type type = take_optional_type();
  if (type == Type::kNone) refuse("a type is missing or unknown");
  return type;
}

Space Form::take_space() {
  if (take("global")) return Space::kGlobal;
  if (take("const")) return Space::kConst;
  if (take("shared") || take("shared::cta")) return Space::kShared;
  if (take("local")) return Space::kLocal;
  if (take("param") || take("param::entry") || take("param::func")) return Space::kParam;
  return Space::kGeneric;
}

int Form::take_vector() {
  if (take("v2")) return 2;
  if (take("v4")) return 4;
  if (take("v8")) return 8;
  return 1;
}

void Form::finish(std::size_t count) const {
  if (!modifiers.empty()) refuse("modifier ." + modifiers.front() + " is not supported");
  if (operands.size() != count) {
    refuse("has " + std::to_string(operands.size()) + " operands, not " + std::to_string(count));
  }
}

void Form::refuse(const std::string& why) const {
  throw Unsupported("instruction " + opcode + ": " + why);
}

int Form::reg(std::size_t index) const {
  if (index >= operands.size()) refuse("operand " + std::to_string(index) + " is missing");
  const Operand& operand = operands[index];
  if (operand.address || !operand.vector.empty() || operand.negated ||
      operand.second != kNoRegister) {
    refuse("operand " + std::to_string(index) + " has a form that is not supported");
  }
  return operand.reg;
}

void decode(Form& form, Instruction& instruction) {
  instruction.r.fill(kNoRegister);
  for (const Decoder decoder : kDecoders) {
    if (decoder(form, instruction)) return;
  }
  form.refuse("is not known");
}

}  // namespace keen::sim::ptx
