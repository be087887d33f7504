// Line charts as SVG.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace keen::trainer {

struct Curve {
  std::string label;  // in the legend; empty: not there
  std::string color;  // as SVG writes it, "#1f77b4"
  double width = 2;
  bool markers = false;
  std::vector<std::pair<double, double>> points;  // those that aren't finite are left out
};

struct Chart {
  std::string title;
  std::string x_label;
  double x_max = 1;  // the horizontal axis runs from 0 to here
  std::vector<Curve> curves;
};

// At least two round numbers, evenly spaced, the first at or below `low` and the last at or above
// `high`, about `count` of them.
[[nodiscard]] std::vector<double> round_ticks(double low, double high, int count);

// The charts beside each other in one drawing.
[[nodiscard]] std::string draw_svg(const std::vector<Chart>& charts);

}  // namespace keen::trainer
