#include "tests/sim/ptx/operands.h"

#include <cctype>

#include "tests/sim/ptx/special.h"

namespace keen::sim::ptx {

Operand OperandReader::read_simple() {
  Operand made;
  if (cursor_.eat("!")) {
    made = read_simple();
    made.negated = true;
    return made;
  }
  const bool negative = cursor_.eat("-");
  const auto word = cursor_.next();
  if (const int* reg = scopes_.find(&Scope::registers, word); reg != nullptr && !negative) {
    made.reg = *reg;
  } else if (word == "_") {
    made.sink = true;
  } else if (word == "WARP_SZ") {
    made.reg = registers_.constant(kLanes);
  } else if (!word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
    const Word value = number_of(word);
    made.reg = registers_.constant(negative ? -value : value);
    if (!negative) made.number = static_cast<std::int64_t>(value);
  } else if (word.starts_with('%')) {
    made.reg = registers_.special(special_index(word));
  } else {
    read_symbol(word, made);
  }
  return made;
}

void OperandReader::read_symbol(std::string_view word, Operand& made) {
  const Symbol* symbol = scopes_.find(&Scope::symbols, word);
  if (symbol == nullptr) {
    const auto found = program_.symbols.find(word);
    if (found == program_.symbols.end()) throw Unsupported("operand " + std::string(word));
    symbol = &found->second;
  }
  made.local = symbol->space == Space::kLocal;
  made.reg = symbol->dynamic ? registers_.constant(0, kDynamicShared)
                             : registers_.constant(symbol->value, symbol->variable);
}

Operand OperandReader::read() {
  Operand made;
  if (cursor_.eat("[")) {
    made = read_simple();
    made.address = true;
    if (cursor_.eat("+")) {
      const bool negative = cursor_.eat("-");
      const auto value = static_cast<std::int64_t>(number_of(cursor_.next()));
      made.offset = negative ? -value : value;
    }
    cursor_.need("]");
    return made;
  }
  if (cursor_.eat("{")) {
    while (!cursor_.eat("}")) {
      const Operand part = read_simple();
      made.vector.push_back(part.sink ? registers_.fresh() : part.reg);
      cursor_.eat(",");
    }
    return made;
  }
  made = read_simple();
  if (cursor_.eat("|")) {
    const Operand second = read_simple();
    made.second = second.sink ? registers_.fresh() : second.reg;
  }
  if (made.sink) made.reg = registers_.fresh();
  return made;
}

}  // namespace keen::sim::ptx
