// Logging through spdlog: quiet by default, to standard error.
//
// The environment variable KEEN_LOG_LEVEL (trace, debug, info, warn, error, off; default warn) sets
// the level at the first use; set_log_level changes it. An unknown level is a ValueError from
// set_log_level and one warning line, with the default kept, from the environment.
#pragma once

#include <string>

#include "runtime/base/text.h"

namespace keen {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };

void set_log_level(LogLevel level);
void set_log_level(const std::string& name);
[[nodiscard]] bool log_enabled(LogLevel level);
void log_line(LogLevel level, const std::string& line);

// Writes a line made of the values' texts, which are only built if the level is on.
template <class... Values>
void log(LogLevel level, const Values&... values) {
  if (log_enabled(level)) log_line(level, text(values...));
}

}  // namespace keen
