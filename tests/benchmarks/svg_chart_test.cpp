#include "benchmarks/train/svg_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "benchmarks/train/learning_curves.h"

namespace keen::test {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(train_plot, ticks_are_round_and_enclose) {
  EXPECT_THAT(trainer::round_ticks(0, 5, 6), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(trainer::round_ticks(0.13, 0.88, 5),
              ElementsAre(0, DoubleEq(0.2), DoubleEq(0.4), DoubleEq(0.6), DoubleEq(0.8), 1));
  EXPECT_THAT(trainer::round_ticks(-1200, 300, 4), ElementsAre(-1500, -1000, -500, 0, 500));
}

TEST(train_plot, ticks_of_a_single_value) {
  const auto ticks = trainer::round_ticks(0.9, 0.9, 6);
  ASSERT_GE(ticks.size(), 2U);
  EXPECT_LT(ticks.front(), 0.9);
  EXPECT_GT(ticks.back(), 0.9);
}

trainer::Chart chart_of(std::vector<std::pair<double, double>> points) {
  return {.title = "a < b",
          .x_label = "x",
          .x_max = 2,
          .curves = {{.label = "c & d", .color = "#123456", .points = std::move(points)}}};
}

TEST(train_plot, points_lie_where_the_axes_say) {
  const std::string svg = trainer::draw_svg({chart_of({{0, 0}, {1, 5}, {2, 10}})});
  EXPECT_THAT(svg, HasSubstr("d=\"M64.0 348.0L280.0 208.0L496.0 68.0\""));
  EXPECT_THAT(svg, HasSubstr(">10</text>"));
}

TEST(train_plot, values_that_are_not_finite_leave_a_gap) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string svg =
      trainer::draw_svg({chart_of({{0, 0}, {0.5, nan}, {1, 5}, {1.5, inf}, {2, 10}})});
  EXPECT_THAT(svg, HasSubstr("d=\"M64.0 348.0M280.0 208.0M496.0 68.0\""));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

TEST(train_plot, text_is_escaped) {
  const std::string svg = trainer::draw_svg({chart_of({})});
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr("c &amp; d"));
}

TEST(train_plot, learning_curves_show_losses_and_accuracies) {
  trainer::History history;
  history.steps_per_epoch = 2;
  history.steps = {{1, 1, 2, 0, 1}, {1, 2, 1, 0.5, 1}, {2, 3, 0, 1, 1}, {2, 4, 0, 1, 1}};
  history.epochs = {{1, 2, 1.5, 0.25, 0.5, 1, 1}, {2, 4, 0, 1, 1, 1, 1}};
  const std::string svg = trainer::draw_learning_curves(history);
  EXPECT_THAT(svg, HasSubstr("Training loss"));
  EXPECT_THAT(svg, HasSubstr("test images"));
  // Loss of the last step; test accuracy of the first epoch, halfway.
  EXPECT_THAT(svg, HasSubstr("L496.0 348.0"));
  EXPECT_THAT(svg, HasSubstr("cx=\"800.0\""));
}

TEST(train_plot, learning_curves_of_nothing) {
  const std::string svg = trainer::draw_learning_curves({});
  EXPECT_TRUE(svg.starts_with("<svg"));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

}  // namespace
}  // namespace keen::test
