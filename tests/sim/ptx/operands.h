// Reads the operands of an instruction, as the scopes around it name them.
#pragma once
#include "tests/sim/ptx/parser.h"
#include "tests/sim/ptx/registers.h"
#include "tests/sim/ptx/scopes.h"

namespace keen::sim::ptx {

constexpr int kDynamicShared = -2;  // in place of a variable's index, until all arrays are known

class OperandReader {
 public:
  OperandReader(const Program& program, Cursor& cursor, const Scopes& scopes, Registers& registers)
      : program_(program), cursor_(cursor), scopes_(scopes), registers_(registers) {}

  Operand read();
  Operand read_simple();  // no address, no vector

 private:
  void read_symbol(std::string_view word, Operand& made);

  const Program& program_;
  Cursor& cursor_;
  const Scopes& scopes_;
  Registers& registers_;
};

}  // namespace keen::sim::ptx
