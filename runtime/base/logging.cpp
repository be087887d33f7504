#include "runtime/base/logging.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/base/error.h"

namespace keen {
namespace {

constexpr std::array<std::pair<const char*, LogLevel>, 6> kLevels = {{{"trace", LogLevel::kTrace},
                                                                      {"debug", LogLevel::kDebug},
                                                                      {"info", LogLevel::kInfo},
                                                                      {"warn", LogLevel::kWarn},
                                                                      {"error", LogLevel::kError},
                                                                      {"off", LogLevel::kOff}}};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

std::optional<LogLevel> level_from(const std::string& name) {
  for (const auto& [known, level] : kLevels) {
    if (name == known) return level;
  }
  return std::nullopt;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto made = std::make_shared<spdlog::logger>("keen", std::move(sink));
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e keen %^%l%$: %v");
    made->set_level(spdlog::level::warn);
    if (const char* wanted = std::getenv("KEEN_LOG_LEVEL")) {
      if (const auto level = level_from(wanted)) {
        made->set_level(to_spdlog(*level));
      } else {
        made->warn("KEEN_LOG_LEVEL={} is not one of trace, debug, info, warn, error, off", wanted);
      }
    }
    return made;
  }();
  return *instance;
}

}  // namespace

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }

void set_log_level(const std::string& name) {
  const auto level = level_from(name);
  if (!level) {
    throw ValueError(
        text("set_log_level: '", name, "' is not one of trace, debug, info, warn, error, off"));
  }
  set_log_level(*level);
}

bool log_enabled(LogLevel level) { return logger().should_log(to_spdlog(level)); }

void log_line(LogLevel level, const std::string& line) { logger().log(to_spdlog(level), line); }

}  // namespace keen
