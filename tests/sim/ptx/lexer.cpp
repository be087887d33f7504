#include "tests/sim/ptx/lexer.h"

#include <cctype>
#include <cstring>

namespace keen::sim::ptx {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c != 0 && std::strchr("_$%.", c));
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  int line = 1;
  std::size_t at = 0;
  const auto peek = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  while (at < text.size()) {
    const char c = text[at];
    std::size_t end = at + 1;
    if (c == '\n') {
      ++line;
    } else if (c == '/' && peek(at + 1) == '/') {
      end = std::min(text.find('\n', at), text.size());
    } else if (c == '/' && peek(at + 1) == '*') {
      end = std::min(text.find("*/", at + 2), text.size() - 2) + 2;
      for (std::size_t i = at; i < end; ++i) line += text[i] == '\n' ? 1 : 0;
    } else if (c == '"') {
      end = std::min(text.find('"', at + 1), text.size() - 1) + 1;
      tokens.push_back({text.substr(at, end - at), line});
    } else if (is_word(c)) {
      while (is_word(peek(end))) ++end;
      // "a::b" is part of a word: modifiers such as shared::cta
      while (peek(end) == ':' && peek(end + 1) == ':') {
        end += 2;
        while (is_word(peek(end))) ++end;
      }
      tokens.push_back({text.substr(at, end - at), line});
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0 && c != '\0') {
      tokens.push_back({text.substr(at, 1), line});
    }
    at = end;
  }
  tokens.push_back({{}, line});
  return tokens;
}

}  // namespace keen::sim::ptx
