// Builds the texts of errors and logs: text("Conv2D: rank ", 3, " of ", shape).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace keen {

// append_text(out, value) is the customisation point: a type's own header adds an overload.
inline void append_text(std::string& out, std::string_view value) { out.append(value); }
inline void append_text(std::string& out, const char* value) { out.append(value); }
inline void append_text(std::string& out, const std::string& value) { out.append(value); }
inline void append_text(std::string& out, char value) { out.push_back(value); }
inline void append_text(std::string& out, bool value) { out.append(value ? "true" : "false"); }
void append_text(std::string& out, double value);
inline void append_text(std::string& out, float value) {
  append_text(out, static_cast<double>(value));
}
template <std::integral T>
void append_text(std::string& out, T value) {
  out.append(std::to_string(value));
}

// The values' texts, one after the other.
template <class... Values>
[[nodiscard]] std::string text(const Values&... values) {
  std::string out;
  (append_text(out, values), ...);
  return out;
}

}  // namespace keen
