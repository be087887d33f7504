// Bodies of functions: registers, scopes, labels, operands, calls.
#include <algorithm>
#include <cctype>
#include <set>

#include "tests/sim/ptx/operands.h"

namespace keen::sim::ptx {
namespace {

constexpr int kDeepestCall = 32;

Form form_of(std::string opcode, std::vector<std::string> modifiers,
             std::vector<Operand> operands) {
  Form form;
  form.opcode = std::move(opcode);
  form.modifiers = std::move(modifiers);
  form.operands = std::move(operands);
  return form;
}

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
    registers_.move_to(made_);
    accept_guesses();
    for (auto& constant : made_.constants) {
      if (constant.variable != kDynamicShared) continue;
      constant = {constant.reg, made_.dynamic_shared_offset(), -1};
    }
    return std::move(made_);
  }

 private:
  // A plain read whose value atomicCAS then compares with what is there is as good as a strong one:
  // CUDA C++ Programming Guide, "Atomic Functions", the sum of doubles.
  void accept_guesses() {
    std::set<std::pair<int, std::int64_t>> compared;
    for (const Instruction& i : made_.code) {
      if (i.compares) compared.emplace(i.r[1], i.offset);
    }
    for (Instruction& i : made_.code) {
      if (i.loads && i.elements == 1 && compared.contains({i.r[1], i.offset}))
        i.strength = Strength::kDevice;
    }
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
    } else if (cursor_.peek(1) == ":" && cursor_.peek(2) == ".branchtargets") {
      branch_targets();
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

  void branch_targets() {
    auto& targets = scopes_.inner().tables[std::string(cursor_.next())];
    cursor_.need(":");
    cursor_.next();
    do {
      targets.emplace_back(cursor_.next());
    } while (cursor_.eat(","));
    cursor_.need(";");
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
          scopes_.inner().registers[name + std::to_string(i)] = registers_.fresh();
        }
      } else {
        scopes_.inner().registers[name] = registers_.fresh();
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
    if (form.opcode == "brx") {
      if (made.predicate != kNoRegister) throw Unsupported("brx under a predicate");
      branch_by_index(form, begin);
      return;
    }
    const bool returns = form.opcode == "ret" && calls_ > 0;
    if (form.opcode == "bra" || returns) {
      branch(form, made, returns);
    } else {
      while (cursor_.peek() != ";") {
        form.operands.push_back(operands_.read());
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

  // brx.idx (PTX ISA 9.0, 9.7.12.3) as comparisons and branches, with a trap behind: "if the index
  // is greater than or equal to the length of the list, the behavior is undefined".
  void branch_by_index(Form& form, std::size_t begin) {
    form.take("uni");
    if (!form.take("idx")) form.refuse("only .idx is supported");
    form.finish(0);
    const Operand index = operands_.read_simple();
    cursor_.need(",");
    const auto* targets = scopes_.find(&Scope::tables, cursor_.next());
    if (targets == nullptr) form.refuse("its list of targets is not there");
    const auto add = [&](const Form& wanted, Instruction made) {
      Form decoded = wanted;
      if (made.flow != Flow::kBranch) decode(decoded, made);
      made.text = static_cast<int>(made_.texts.size());
      made_.texts.push_back({text_from(begin), cursor_.line(), file_, line_});
      made_.code.push_back(made);
    };
    const int hit = registers_.fresh();
    for (std::size_t k = 0; k < targets->size(); ++k) {
      Operand result, number;
      result.reg = hit;
      number.reg = registers_.constant(k);
      add(form_of("setp", {"eq", "u32"}, {result, index, number}), {});
      scopes_.inner().branches.emplace_back(static_cast<int>(made_.code.size()), (*targets)[k]);
      Instruction branch;
      branch.flow = Flow::kBranch;
      branch.predicate = hit;
      add({}, branch);
    }
    add(form_of("trap", {}, {}), {});
    cursor_.need(";");
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
      builtin_call(name, results, arguments);
      return;
    }
    const auto callee = program_.sources.find(name);
    if (callee == program_.sources.end() || callee->second.body == 0) {
      throw Unsupported("call of " + name);
    }
    inline_call(callee->second, results, arguments);
  }

  // Its operands are the places of the result and the arguments in local memory.
  void builtin_call(const std::string& name, const std::vector<Symbol>& results,
                    const std::vector<Symbol>& arguments) {
    Form form;
    form.opcode = name == "vprintf" ? "vprintf" : "assertfail";
    form.operands.emplace_back();
    if (!results.empty()) form.operands[0].reg = registers_.constant(results[0].value);
    for (const Symbol& argument : arguments) {
      form.operands.emplace_back();
      form.operands.back().reg = registers_.constant(argument.value);
    }
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
  Registers registers_;
  OperandReader operands_{program_, cursor_, scopes_, registers_};
  std::vector<int> call_numbers_;
  int next_call_ = 0;
  int calls_ = 0;
  std::string file_;
  int line_ = 0;
};

}  // namespace

Function assemble(const Program& program, const Source& source) {
  Assembler assembler(program, source);
  return assembler.assemble(source);
}

}  // namespace keen::sim::ptx
