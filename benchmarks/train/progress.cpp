#include "benchmarks/train/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "benchmarks/train/print.h"

namespace keen::trainer {
namespace {

constexpr int kMinBar = 5;
constexpr int kMaxBar = 40;
constexpr int kDefaultWidth = 80;
constexpr std::int64_t kStepsPerLine = 100;
constexpr std::chrono::milliseconds kRedrawEvery{100};
constexpr char kClearLine[] = "\r\x1b[K";

bool is_terminal(std::FILE* out) {
  const char* kind = std::getenv("TERM");
  return isatty(fileno(out)) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

int width_of(std::FILE* out) {
  winsize size{};
  const bool known = ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kDefaultWidth;
}

std::string epoch_text(const ProgressState& state) {
  return print("epoch %d/%d ", state.epoch, state.epochs);
}

// What stands behind the bar, the most important first.
std::vector<std::string> fields_of(const ProgressState& state) {
  return {
      print("%*lld/%lld", static_cast<int>(std::to_string(state.steps).size()),
            static_cast<long long>(state.step), static_cast<long long>(state.steps)),
      print(" loss %.3f", state.loss),
      print(" accuracy %.3f", state.accuracy),
      print(" %.0f images/s", state.images_per_second),
      " " + clock_text(state.seconds_left) + " left",
  };
}

std::string draw_bar(const ProgressState& state, int length) {
  const double done = static_cast<double>(state.step) / static_cast<double>(state.steps);
  const int full = std::clamp(static_cast<int>(done * length), 0, length);
  std::string bar(static_cast<std::size_t>(full), '=');
  if (full < length) bar += '>';
  bar.resize(static_cast<std::size_t>(length), ' ');
  return "[" + bar + "] ";
}

}  // namespace

std::string clock_text(double seconds) {
  const auto all = std::llround(std::clamp(seconds, 0.0, 1e9));
  const long long hours = all / 3600;
  const long long minutes = all / 60 % 60;
  return hours > 0 ? print("%lld:%02lld:%02lld", hours, minutes, all % 60)
                   : print("%lld:%02lld", minutes, all % 60);
}

std::string progress_line(const ProgressState& state) {
  std::string line = epoch_text(state);
  for (const std::string& field : fields_of(state)) line += field;
  return line;
}

std::string progress_bar(const ProgressState& state, int width) {
  const std::string epoch = epoch_text(state);
  std::string rest;
  for (const std::string& field : fields_of(state)) {
    if (static_cast<int>(epoch.size() + rest.size() + field.size()) > width) break;
    rest += field;
  }
  // Two brackets and a space frame the bar.
  const int bar = std::min(kMaxBar, width - 3 - static_cast<int>(epoch.size() + rest.size()));
  std::string line = epoch + (bar >= kMinBar ? draw_bar(state, bar) : "") + rest;
  line.resize(std::min(line.size(), static_cast<std::size_t>(std::max(width, 0))));
  return line;
}

Progress::Progress(std::FILE* out) : out_(out), terminal_(is_terminal(out)) {}

void Progress::update(const ProgressState& state) {
  if (!terminal_) {
    if (state.step % kStepsPerLine == 0) print_line(progress_line(state));
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_draw_ < kRedrawEvery) return;
  // The last column stays free: some terminals go to the next line once it is written.
  std::fprintf(out_, "%s%s", kClearLine, progress_bar(state, width_of(out_) - 1).c_str());
  std::fflush(out_);
  drawn_ = true;
  last_draw_ = now;
}

void Progress::print_line(const std::string& line) {
  std::fprintf(out_, "%s%s\n", drawn_ ? kClearLine : "", line.c_str());
  std::fflush(out_);
  drawn_ = false;
}

}  // namespace keen::trainer
