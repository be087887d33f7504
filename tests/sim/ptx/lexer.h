#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace keen::sim::ptx {

struct Token {
  std::string_view text;
  int line;
};

// The tokens of PTX text, without comments; words keep their dots ("ld.global.v4.f32"). The last
// token is empty. The text must outlive them.
std::vector<Token> tokens_of(std::string_view text);

}  // namespace keen::sim::ptx
