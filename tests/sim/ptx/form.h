// The form of an instruction while it is decoded: opcode, modifiers, operands.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {

// One operand, resolved: a register, or an address in a space.
struct Operand {
  int reg = kNoRegister;     // a register; constants have one too
  bool negated = false;      // "!%p1"
  bool address = false;      // was in brackets
  std::int64_t offset = 0;   // of an address
  bool local = false;        // names something in local memory
  bool sink = false;         // "_"
  std::vector<int> vector;   // "{%r1, %r2}"
  int second = kNoRegister;  // of "%p1|%p2"
  std::int64_t number = -1;  // of a plain one
};

class Form {
 public:
  std::string opcode;
  std::vector<std::string> modifiers;
  std::vector<Operand> operands;

  // Takes the modifier away, and says whether it was there.
  bool take(const char* modifier);
  // The index of the first of `choices` that is among the modifiers, which is taken away; `none`:
  // there is none of them.
  int take_one(std::initializer_list<const char*> choices, int none);
  // The next modifier that is a type. Throws where there is none.
  Type take_type();
  // The type that comes next, or kNone.
  Type take_optional_type();
  Space take_space();
  int take_vector();  // 1, 2, 4 or 8

  // Throws unless all modifiers have been taken and there are `count` operands.
  void finish(std::size_t count) const;
  [[noreturn]] void refuse(const std::string& why) const;

  // The register of operand `index`; a plain register is meant.
  int reg(std::size_t index) const;
};

// Gives `instruction` its handler, registers and flow; throws Unsupported.
void decode(Form& form, Instruction& instruction);

// What decode() asks in turn. Each of them knows some opcodes and says whether this was one.
bool decode_arithmetic(Form& form, Instruction& instruction);
bool decode_float(Form& form, Instruction& instruction);
bool decode_half(Form& form, Instruction& instruction);
bool decode_approximate(Form& form, Instruction& instruction);
bool decode_bits(Form& form, Instruction& instruction);
bool decode_compare(Form& form, Instruction& instruction);
bool decode_convert(Form& form, Instruction& instruction);
bool decode_move(Form& form, Instruction& instruction);
bool decode_memory(Form& form, Instruction& instruction);
bool decode_atomic(Form& form, Instruction& instruction);
bool decode_async(Form& form, Instruction& instruction);
bool decode_print(Form& form, Instruction& instruction);
bool decode_control(Form& form, Instruction& instruction);
bool decode_collective(Form& form, Instruction& instruction);

}  // namespace keen::sim::ptx
