// Shows how far training has come.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace keen::trainer {

struct ProgressState {
  int epoch = 0;  // from 1
  int epochs = 0;
  std::int64_t step = 0;  // within the epoch, from 1
  std::int64_t steps = 0;
  double loss = 0;  // means over the epoch up to now
  double accuracy = 0;
  double images_per_second = 0;
  double seconds_left = 0;  // to the end of the last epoch
};

// One line without a bar.
[[nodiscard]] std::string progress_line(const ProgressState& state);
// One line with a bar, of at most `width` columns. What doesn't fit is left out: first the bar,
// then the time left, images per second, accuracy.
[[nodiscard]] std::string progress_bar(const ProgressState& state, int width);

// "0:07", "12:34", "1:02:03".
[[nodiscard]] std::string clock_text(double seconds);

// On a terminal one line, redrawn in place at most ten times a second and as wide as the terminal
// is at that moment; elsewhere a line every hundred steps.
class Progress {
 public:
  explicit Progress(std::FILE* out);

  void update(const ProgressState& state);
  // Prints a line that stays, in the place of the bar.
  void print_line(const std::string& line);

 private:
  std::FILE* out_;
  bool terminal_;
  bool drawn_ = false;  // the bar is on the screen
  std::chrono::steady_clock::time_point last_draw_;
};

}  // namespace keen::trainer
