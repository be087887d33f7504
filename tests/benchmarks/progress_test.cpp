#include "benchmarks/train/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace keen::test {
namespace {

using trainer::ProgressState;

constexpr ProgressState kHalf{.epoch = 2,
                              .epochs = 5,
                              .step = 234,
                              .steps = 469,
                              .loss = 0.43219,
                              .accuracy = 0.8437,
                              .images_per_second = 3412.4,
                              .seconds_left = 68};

TEST(train_progress, line_fills_the_width) {
  EXPECT_EQ(trainer::progress_bar(kHalf, 79),
            "epoch 2/5 [====>    ] 234/469 loss 0.432 accuracy 0.844 3412 images/s 1:08 left");
  EXPECT_EQ(trainer::progress_bar(kHalf, 90).size(), 90U);
  EXPECT_EQ(trainer::progress_bar(kHalf, 1000).size(), 110U);
}

TEST(train_progress, what_does_not_fit_is_left_out) {
  EXPECT_EQ(trainer::progress_bar(kHalf, 74),
            "epoch 2/5 234/469 loss 0.432 accuracy 0.844 3412 images/s 1:08 left");
  EXPECT_EQ(trainer::progress_bar(kHalf, 50), "epoch 2/5 234/469 loss 0.432 accuracy 0.844");
  for (int width = 0; width < 130; ++width) {
    EXPECT_LE(trainer::progress_bar(kHalf, width).size(), static_cast<std::size_t>(width));
  }
}

TEST(train_progress, line_without_a_bar) {
  EXPECT_EQ(trainer::progress_line(kHalf),
            "epoch 2/5 234/469 loss 0.432 accuracy 0.844 3412 images/s 1:08 left");
}

TEST(train_progress, bar_is_empty_first_and_full_at_the_end) {
  ProgressState state = kHalf;
  state.step = 1;
  EXPECT_THAT(trainer::progress_bar(state, 79), ::testing::HasSubstr("[>        ]   1/469"));
  state.step = 469;
  EXPECT_THAT(trainer::progress_bar(state, 79), ::testing::HasSubstr("[=========] 469/469"));
}

TEST(train_progress, clock) {
  EXPECT_EQ(trainer::clock_text(7.4), "0:07");
  EXPECT_EQ(trainer::clock_text(59.6), "1:00");
  EXPECT_EQ(trainer::clock_text(754), "12:34");
  EXPECT_EQ(trainer::clock_text(3723), "1:02:03");
  EXPECT_EQ(trainer::clock_text(-1), "0:00");
}

TEST(train_progress, plain_lines_without_a_terminal) {
  std::FILE* out = std::tmpfile();
  trainer::Progress progress(out);
  ProgressState state = kHalf;
  for (state.step = 1; state.step <= 469; ++state.step) progress.update(state);
  progress.print_line("done");
  std::rewind(out);
  std::string printed;
  for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) printed += static_cast<char>(c);
  std::fclose(out);
  EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), 5);
  EXPECT_EQ(printed.find_first_of("\r\x1b"), std::string::npos);
  EXPECT_TRUE(printed.starts_with("epoch 2/5 100/469 loss "));
  EXPECT_TRUE(printed.ends_with("left\ndone\n"));
}

// On a terminal of 60 columns: one line, drawn again in place, gone when a line is printed.
TEST(train_progress, redraws_on_a_terminal) {
  setenv("TERM", "xterm", 1);
  const int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(keyboard, 0);
  ASSERT_EQ(grantpt(keyboard) | unlockpt(keyboard), 0);
  const int screen = open(ptsname(keyboard), O_RDWR | O_NOCTTY);
  ASSERT_GE(screen, 0);
  winsize size{.ws_row = 24, .ws_col = 60, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(ioctl(screen, TIOCSWINSZ, &size), 0);
  std::FILE* out = fdopen(screen, "w");
  trainer::Progress progress(out);
  progress.update(kHalf);
  progress.print_line("done");
  // A terminal hands on what was written in pieces of its own.
  std::string shown;
  std::array<char, 4096> buffer{};
  while (!shown.ends_with('\n')) {
    const ssize_t got = read(keyboard, buffer.data(), buffer.size());
    ASSERT_GT(got, 0);
    shown.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::fclose(out);
  close(keyboard);
  // The terminal itself adds the last \r.
  EXPECT_EQ(shown, "\r\x1b[K" + trainer::progress_bar(kHalf, 59) + "\r\x1b[Kdone\r\n");
}

}  // namespace
}  // namespace keen::test
