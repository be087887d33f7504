// Bodies of functions: registers, scopes, labels, operands, calls.
#include <algorithm>
#include <cctype>

#include "tests/sim/ptx/parser.h"
#include "tests/sim/ptx/scopes.h"
#include "tests/sim/ptx/special.h"

namespace keen::sim::ptx {
namespace {

constexpr int kDeepestCall = 32;
constexpr int kDynamicShared = -2;  // in place of a variable's index, until all arrays are known

class Assembler {
 public:
  Assembler(const Program& program, const Source& source)
      : program_(program), cursor_(*program.tokens) {
    made_.name = source.name;
    made_.max_threads = source.max_threads;
    made_.shared_bytes = program.shared_bytes;
    std::size_t end = 0;
    scopes_.open({}).function = true;
    for (const auto& parameter : source.parameters) {
      end = (end + parameter.alignment - 1) / parameter.alignment * parameter.alignment;
      scopes_.inner().symbols[parameter.name] = {.space = Space::kParam, .value = end};
      made_.parameter_offsets.push_back(end);
      made_.parameter_sizes.push_back(parameter.bytes);
      end += parameter.bytes;
    }
    made_.parameter_bytes = end;
  }

  Function assemble(const Source& source) {
    try {
      body(source);
      exit_instruction();
    } catch (const Unsupported& refused) {
      made_.error = "PTX line " + std::to_string(cursor_.line()) + " of " + source.name + ": " +
                    refused.what();
    }
    made_.registers = registers_;
    for (auto& constant : made_.constants) {
      if (constant.variable != kDynamicShared) continue;
      constant = {constant.reg, made_.dynamic_shared_offset(), -1};
    }
    return std::move(made_);
  }

 private:
  // ---- Registers ------------------------------------------------------------------------------
  int new_register() { return registers_++; }

  int constant(Word value, int variable = -1) {
    const auto [found, made] = constants_.try_emplace({value, variable}, registers_);
    if (made) made_.constants.push_back({new_register(), value, variable});
    return found->second;
  }

  int special(int index) {
    const auto [found, made] = specials_.try_emplace(index, registers_);
    if (made) made_.specials.push_back({new_register(), index});
    return found->second;
  }

  std::size_t reserve(std::size_t& end, const Declaration& declared) {
    end = (end + declared.alignment - 1) / declared.alignment * declared.alignment;
    const std::size_t offset = end;
    end += declared.bytes;
    return offset;
  }

  // ---- Statements -----------------------------------------------------------------------------
  // The body until its "}", in a scope that the caller has opened.
  void body(const Source& source) {
    cursor_.move_to(source.body);
    const std::size_t depth = scopes_.depth();
    while (scopes_.depth() >= depth) {
      if (cursor_.ended()) throw Unsupported("the text ends inside a function");
      if (cursor_.eat("{")) {
        scopes_.open({});
      } else if (cursor_.eat("}")) {
        if (scopes_.depth() == depth) returns_label();
        scopes_.close(made_.code);
      } else {
        statement();
      }
    }
  }

  void statement() {
    const auto word = cursor_.peek();
    if (word == ".reg") {
      declare_registers();
    } else if (word == ".shared" || word == ".local" || word == ".param") {
      declare_memory();
    } else if (word == ".loc") {
      location();
    } else if (word == ".pragma") {
      cursor_.skip_past(";");
    } else if (cursor_.peek(1) == ":") {
      scopes_.inner().labels.emplace(word, static_cast<int>(made_.code.size()));
      cursor_.next();
      cursor_.next();
    } else if (word.starts_with('.')) {
      throw Unsupported("directive " + std::string(word));
    } else {
      instruction();
    }
  }

  void declare_registers() {
    cursor_.next();
    cursor_.next();  // the type: each instruction says its own
    do {
      const std::string name(cursor_.next());
      if (cursor_.eat("<")) {
        const Word count = number_of(cursor_.next());
        cursor_.need(">");
        for (Word i = 0; i < count; ++i) {
          scopes_.inner().registers[name + std::to_string(i)] = new_register();
        }
      } else {
        scopes_.inner().registers[name] = new_register();
      }
    } while (cursor_.eat(","));
    cursor_.need(";");
  }

  void declare_memory() {
    const auto space = cursor_.next();
    const Declaration declared = read_declaration(cursor_);
    cursor_.need(";");
    const bool shared = space == ".shared";
    const std::size_t offset = reserve(shared ? made_.shared_bytes : made_.local_bytes, declared);
    scopes_.inner().symbols[declared.name] = {.space = shared ? Space::kShared : Space::kLocal,
                                              .value = offset};
  }

  void location() {
    cursor_.next();
    const auto file = program_.files.find(static_cast<int>(number_of(cursor_.next())));
    line_ = static_cast<int>(number_of(cursor_.peek()));
    file_ = file == program_.files.end() ? "" : file->second;
    if (file_.size() > 1 && file_.front() == '"') file_ = file_.substr(1, file_.size() - 2);
    cursor_.skip_line();
  }

  // ---- Operands -------------------------------------------------------------------------------
  Operand simple_operand() {
    Operand made;
    if (cursor_.eat("!")) {
      made = simple_operand();
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
      made.reg = constant(kLanes);
    } else if (!word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
      made.reg = constant(negative ? -number_of(word) : number_of(word));
    } else if (word.starts_with('%')) {
      made.reg = special(special_index(word));
    } else {
      symbol_operand(word, made);
    }
    return made;
  }

  void symbol_operand(std::string_view word, Operand& made) {
    const Symbol* symbol = scopes_.find(&Scope::symbols, word);
    if (symbol == nullptr) {
      const auto found = program_.symbols.find(word);
      if (found == program_.symbols.end()) throw Unsupported("operand " + std::string(word));
      symbol = &found->second;
    }
    made.local = symbol->space == Space::kLocal;
    made.reg =
        symbol->dynamic ? constant(0, kDynamicShared) : constant(symbol->value, symbol->variable);
  }

  Operand operand() {
    Operand made;
    if (cursor_.eat("[")) {
      made = simple_operand();
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
        const Operand part = simple_operand();
        made.vector.push_back(part.sink ? new_register() : part.reg);
        cursor_.eat(",");
      }
      return made;
    }
    made = simple_operand();
    if (cursor_.eat("|")) {
      const Operand second = simple_operand();
      made.second = second.sink ? new_register() : second.reg;
    }
    if (made.sink) made.reg = new_register();
    return made;
  }

  // ---- Instructions ---------------------------------------------------------------------------
  void instruction() {
    Instruction made;
    const std::size_t begin = cursor_.at();
    const int ptx_line = cursor_.line();
    if (cursor_.eat("@")) {
      made.negated = cursor_.eat("!");
      const auto name = cursor_.next();
      const int* reg = scopes_.find(&Scope::registers, name);
      if (reg == nullptr) throw Unsupported("predicate " + std::string(name));
      made.predicate = *reg;
    }
    Form form = read_form();
    if (form.opcode == "call") {
      if (made.predicate != kNoRegister) throw Unsupported("a call under a predicate");
      call();
      return;
    }
    const bool returns = form.opcode == "ret" && calls_ > 0;
    if (form.opcode == "bra" || returns) {
      branch(form, made, returns);
    } else {
      while (cursor_.peek() != ";") {
        form.operands.push_back(operand());
        if (!cursor_.eat(",")) break;
      }
      const int predicate = made.predicate;
      const bool negated = made.negated;
      decode(form, made);
      made.predicate = predicate;
      made.negated = negated;
    }
    made.text = static_cast<int>(made_.texts.size());
    made_.texts.push_back({text_from(begin), ptx_line, file_, line_});
    cursor_.need(";");
    made_.code.push_back(made);
  }

  Form read_form() {
    Form form;
    std::string_view word = cursor_.next();
    std::size_t dot = word.find('.');
    form.opcode = word.substr(0, dot);
    while (dot != std::string_view::npos) {
      const std::size_t end = word.find('.', dot + 1);
      form.modifiers.emplace_back(word.substr(dot + 1, end - dot - 1));
      dot = end;
    }
    return form;
  }

  void branch(Form& form, Instruction& made, bool returns) {
    form.take("uni");
    form.finish(0);
    made.flow = Flow::kBranch;
    const std::string label = returns ? return_label() : std::string(cursor_.next());
    scopes_.inner().branches.emplace_back(static_cast<int>(made_.code.size()), label);
  }

  std::string text_from(std::size_t begin) const {
    std::string text;
    for (std::size_t i = begin; i < cursor_.at(); ++i) {
      if (!text.empty()) text += ' ';
      text += (*program_.tokens)[i].text;
    }
    return text;
  }

  void exit_instruction() {
    Form form;
    form.opcode = "exit";
    Instruction made;
    decode(form, made);
    made.text = static_cast<int>(made_.texts.size());
    made_.texts.push_back({"exit", cursor_.line(), file_, line_});
    made_.code.push_back(made);
  }

  // ---- Calls ----------------------------------------------------------------------------------
  std::string return_label() const {
    return "return of call " + std::to_string(call_numbers_.back());
  }

  void returns_label() {
    if (calls_ > 0) {
      scopes_.inner().labels.emplace(return_label(), static_cast<int>(made_.code.size()));
    }
  }

  std::vector<Symbol> call_arguments() {
    std::vector<Symbol> made;
    while (!cursor_.eat(")")) {
      const auto name = cursor_.next();
      const Symbol* symbol = scopes_.find(&Scope::symbols, name);
      if (symbol == nullptr) throw Unsupported("argument " + std::string(name) + " of a call");
      made.push_back(*symbol);
      cursor_.eat(",");
    }
    return made;
  }

  void call() {
    std::vector<Symbol> results, arguments;
    if (cursor_.eat("(")) {
      results = call_arguments();
      cursor_.need(",");
    }
    const std::string name(cursor_.next());
    if (cursor_.eat(",")) {
      cursor_.need("(");
      arguments = call_arguments();
    }
    cursor_.need(";");
    if (name == "__assertfail" || name == "vprintf") {
      builtin_call(name);
      return;
    }
    const auto callee = program_.sources.find(name);
    if (callee == program_.sources.end() || callee->second.body == 0) {
      throw Unsupported("call of " + name);
    }
    inline_call(callee->second, results, arguments);
  }

  void builtin_call(const std::string& name) {
    Form form;
    form.opcode = name == "vprintf" ? "vprintf" : "assertfail";
    Instruction made;
    decode(form, made);
    made.text = static_cast<int>(made_.texts.size());
    made_.texts.push_back({"call " + name, cursor_.line(), file_, line_});
    made_.code.push_back(made);
  }

  void inline_call(const Source& callee, const std::vector<Symbol>& results,
                   const std::vector<Symbol>& arguments) {
    if (++calls_ > kDeepestCall) throw Unsupported("a recursive call of " + callee.name);
    if (arguments.size() != callee.parameters.size() || results.size() != callee.results.size()) {
      throw Unsupported("call of " + callee.name + " with another number of arguments");
    }
    call_numbers_.push_back(next_call_++);
    Scope scope;
    scope.function = true;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      scope.symbols[callee.parameters[i].name] = arguments[i];
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      scope.symbols[callee.results[i].name] = results[i];
    }
    scopes_.open(std::move(scope));
    const std::size_t back = cursor_.at();
    body(callee);
    cursor_.move_to(back);
    call_numbers_.pop_back();
    --calls_;
  }

  const Program& program_;
  Cursor cursor_;
  Function made_;
  Scopes scopes_;
  std::map<std::pair<Word, int>, int> constants_;
  std::map<int, int> specials_;
  std::vector<int> call_numbers_;
  int next_call_ = 0;
  int calls_ = 0;
  int registers_ = 0;
  std::string file_;
  int line_ = 0;
};

}  // namespace

Function assemble(const Program& program, const Source& source) {
  Assembler assembler(program, source);
  return assembler.assemble(source);
}

}  // namespace keen::sim::ptx
