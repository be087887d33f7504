// Reads declarations and functions. What an instruction means is decided in the decode_ files.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/ptx/form.h"
#include "tests/sim/ptx/lexer.h"

namespace keen::sim::ptx {

// A named piece of memory, or a variable of the module.
struct Symbol {
  Space space = Space::kGlobal;
  Word value = 0;        // offset in its space
  int variable = -1;     // index into Module::variables
  bool dynamic = false;  // "extern" shared memory: behind all static arrays of the kernel
};

struct Declaration {
  std::string name;
  std::size_t element = 4, bytes = 0, alignment = 1;
  std::vector<char> initial;
  std::vector<Variable::Reference> references;
};

// A place in the tokens.
class Cursor {
 public:
  explicit Cursor(const std::vector<Token>& tokens) : tokens_(&tokens) {}

  std::string_view peek(std::size_t ahead = 0) const {
    return (*tokens_)[std::min(at_ + ahead, tokens_->size() - 1)].text;
  }
  int line() const { return (*tokens_)[at_].line; }
  std::string_view next() { return (*tokens_)[at_ + 1 < tokens_->size() ? at_++ : at_].text; }
  bool eat(std::string_view text);
  void need(std::string_view text);
  void skip_line();
  void skip_past(std::string_view text);  // throws at the end of the text
  std::size_t at() const { return at_; }
  void move_to(std::size_t at) { at_ = at; }
  bool ended() const { return peek().empty(); }

 private:
  const std::vector<Token>* tokens_;
  std::size_t at_ = 0;
};

Word number_of(std::string_view text);  // 12, 0x1F, 0f3F800000, 0d...; throws Unsupported
Declaration read_declaration(Cursor& cursor);

// A function as it stands in the text.
struct Source {
  std::string name;
  bool entry = false;
  std::vector<Declaration> results, parameters;
  std::size_t body = 0;  // its first token after "{"; 0: a declaration only
  int max_threads = 0;
};

struct Program {
  std::map<std::string, Source, std::less<>> sources;
  std::map<std::string, Symbol, std::less<>> symbols;  // of the module
  std::map<int, std::string> files;
  std::size_t shared_bytes = 0;  // of the module
  Module* module = nullptr;
  const std::vector<Token>* tokens = nullptr;
};

// The body of a kernel as flat code, with the functions that it calls inlined.
Function assemble(const Program& program, const Source& source);

}  // namespace keen::sim::ptx
