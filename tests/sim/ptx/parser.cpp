#include "tests/sim/ptx/parser.h"

#include <charconv>
#include <cstring>

namespace keen::sim::ptx {

bool Cursor::eat(std::string_view text) {
  if (peek() != text) return false;
  next();
  return true;
}

void Cursor::need(std::string_view text) {
  if (eat(text)) return;
  throw Unsupported("line " + std::to_string(line()) + ": '" + std::string(text) +
                    "' is expected where '" + std::string(peek()) + "' stands");
}

void Cursor::skip_line() {
  const int here = line();
  while (!ended() && line() == here) next();
}

void Cursor::skip_past(std::string_view text) {
  while (!eat(text)) {
    if (ended()) throw Unsupported("the text ends where '" + std::string(text) + "' is expected");
    next();
  }
}

Word number_of(std::string_view text) {
  int base = 10;
  std::string_view digits = text;
  if (text.size() > 2 && text[0] == '0' && std::strchr("xXfFdD", text[1]) != nullptr) {
    base = 16;
    digits.remove_prefix(2);
  }
  if (digits.ends_with('U')) digits.remove_suffix(1);
  Word value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc{} || stop != end) {
    throw Unsupported("operand " + std::string(text) + " is not known");
  }
  return value;
}

namespace {

constexpr const char* kMemoryTypes[] = {".b8",  ".b16", ".b32", ".b64", ".u8",  ".u16",
                                        ".u32", ".u64", ".s8",  ".s16", ".s32", ".s64",
                                        ".f16", ".f32", ".f64", ".pred"};
constexpr std::size_t kMemoryBytes[] = {1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 1};

std::size_t bytes_of_name(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kMemoryTypes); ++i) {
    if (name == kMemoryTypes[i]) return kMemoryBytes[i];
  }
  throw Unsupported("type " + std::string(name) + " of a declaration is not supported");
}

void read_initial(Cursor& cursor, Declaration& made) {
  const auto put = [&] {
    const bool negative = cursor.eat("-");
    const auto word = cursor.next();
    Word value = 0;
    if (std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
      value = number_of(word);
    } else {
      std::string_view name = word;
      if (word == "generic") {
        cursor.need("(");
        name = cursor.next();
        cursor.need(")");
      }
      made.references.push_back({made.initial.size(), std::string(name)});
    }
    if (negative) value = -value;
    const char* bytes = reinterpret_cast<const char*>(&value);
    made.initial.insert(made.initial.end(), bytes, bytes + made.element);
  };
  if (!cursor.eat("{")) {
    put();
    return;
  }
  int depth = 1;
  while (depth > 0) {
    if (cursor.eat("{")) {
      ++depth;
    } else if (cursor.eat("}")) {
      --depth;
    } else if (!cursor.eat(",")) {
      put();
    }
  }
}

}  // namespace

Declaration read_declaration(Cursor& cursor) {
  Declaration made;
  while (cursor.peek().starts_with('.')) {
    const auto word = cursor.next();
    if (word == ".align") {
      made.alignment = number_of(cursor.next());
    } else if (word == ".ptr") {
      while (cursor.peek().starts_with('.') && cursor.peek() != ".align") cursor.next();
      if (cursor.eat(".align")) cursor.next();
    } else {
      made.element = bytes_of_name(word);
    }
  }
  made.bytes = made.element;
  made.alignment = std::max(made.alignment, made.element);
  made.name = cursor.next();
  while (cursor.eat("[")) {
    const std::size_t count = cursor.peek() == "]" ? 0 : number_of(cursor.next());
    cursor.need("]");
    made.bytes *= count;
  }
  if (cursor.eat("=")) read_initial(cursor, made);
  return made;
}

namespace {

class ModuleReader {
 public:
  ModuleReader(const std::vector<Token>& tokens, Module& module) : cursor_(tokens) {
    program_.module = &module;
    program_.tokens = &tokens;
  }

  Program read() {
    while (!cursor_.ended()) statement();
    return std::move(program_);
  }

 private:
  void statement() {
    const auto word = cursor_.next();
    if (word == ".version" || word == ".target" || word == ".address_size") {
      cursor_.next();
      while (cursor_.eat(",")) cursor_.next();
    } else if (word == ".entry" || word == ".func") {
      function(word == ".entry");
    } else if (word == ".global" || word == ".const") {
      variable(word == ".const");
    } else if (word == ".shared") {
      const Declaration made = read_declaration(cursor_);
      std::size_t& end = program_.shared_bytes;
      end = (end + made.alignment - 1) / made.alignment * made.alignment;
      program_.symbols[made.name] = {
          .space = Space::kShared, .value = end, .dynamic = made.bytes == 0};
      end += made.bytes;
      cursor_.need(";");
    } else if (word == ".file") {
      const auto number = static_cast<int>(number_of(cursor_.next()));
      program_.files[number] = cursor_.next();
      while (cursor_.eat(",")) cursor_.next();
    } else if (word == ".section") {
      cursor_.skip_past("}");
    } else if (word != ".visible" && word != ".weak" && word != ".extern" && word != ".common") {
      throw Unsupported("line " + std::to_string(cursor_.line()) + ": directive " +
                        std::string(word));
    }
  }

  void variable(bool constant) {
    Declaration made = read_declaration(cursor_);
    cursor_.need(";");
    auto& variables = program_.module->variables;
    program_.symbols[made.name] = {.space = constant ? Space::kConst : Space::kGlobal,
                                   .variable = static_cast<int>(variables.size())};
    variables.push_back({.name = std::move(made.name),
                         .bytes = made.bytes,
                         .initial = std::move(made.initial),
                         .references = std::move(made.references)});
  }

  std::vector<Declaration> parameters() {
    std::vector<Declaration> made;
    if (!cursor_.eat("(")) return made;
    while (!cursor_.eat(")")) {
      if (cursor_.next() != ".param") throw Unsupported("a parameter that is not in .param");
      made.push_back(read_declaration(cursor_));
      cursor_.eat(",");
    }
    return made;
  }

  void function(bool entry) {
    Source made;
    made.entry = entry;
    if (cursor_.eat(".attribute")) cursor_.skip_past(")");
    if (!entry && cursor_.peek() == "(") made.results = parameters();
    made.name = cursor_.next();
    made.parameters = parameters();
    while (cursor_.peek().starts_with('.')) {
      const auto directive = cursor_.next();
      int product = 1;
      while (!cursor_.ended() && std::isdigit(static_cast<unsigned char>(cursor_.peek()[0])) != 0) {
        product *= static_cast<int>(number_of(cursor_.next()));
        if (!cursor_.eat(",")) break;
      }
      if (directive == ".maxntid" || directive == ".reqntid") made.max_threads = product;
    }
    if (!cursor_.eat(";")) {
      cursor_.need("{");
      made.body = cursor_.at();
      for (int depth = 1; depth > 0 && !cursor_.ended();) {
        const auto word = cursor_.next();
        depth += word == "{" ? 1 : word == "}" ? -1 : 0;
      }
    }
    auto& kept = program_.sources[made.name];
    if (kept.body == 0) kept = std::move(made);
  }

  Cursor cursor_;
  Program program_;
};

}  // namespace

std::unique_ptr<Module> parse_module(const std::string& text) {
  auto module = std::make_unique<Module>();
  const auto tokens = tokens_of(text);
  const Program program = ModuleReader(tokens, *module).read();
  for (const auto& [name, source] : program.sources) {
    if (source.entry && source.body != 0) module->functions[name] = assemble(program, source);
  }
  return module;
}

}  // namespace keen::sim::ptx
