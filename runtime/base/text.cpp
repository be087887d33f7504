#include "runtime/base/text.h"

#include <charconv>

namespace keen {

void append_text(std::string& out, double value) {
  char digits[32];
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, result.ptr);
}

}  // namespace keen
