#include "benchmarks/train/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "benchmarks/train/print.h"

namespace keen::trainer {
namespace {

// All lengths are in SVG units, pixels at the drawing's natural size.
constexpr double kChartWidth = 520;
constexpr double kHeight = 400;
constexpr double kLeft = 64;
constexpr double kRight = 24;
constexpr double kTop = 68;
constexpr double kBottom = 52;
constexpr int kTicks = 6;

// Where a chart's values lie on the drawing.
struct Frame {
  double left;
  std::vector<double> x_ticks;
  std::vector<double> y_ticks;
  double x_max;

  [[nodiscard]] double x(double value) const {
    return left + kLeft + (kChartWidth - kLeft - kRight) * value / x_max;
  }
  [[nodiscard]] double y(double value) const {
    const double share = (value - y_ticks.front()) / (y_ticks.back() - y_ticks.front());
    return kHeight - kBottom - (kHeight - kTop - kBottom) * share;
  }
};

bool is_drawn(const std::pair<double, double>& point) {
  return std::isfinite(point.first) && std::isfinite(point.second);
}

Frame make_frame(const Chart& chart, double left) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const Curve& curve : chart.curves) {
    for (const auto& point : curve.points) {
      if (!is_drawn(point)) continue;
      low = std::min(low, point.second);
      high = std::max(high, point.second);
    }
  }
  if (low > high) low = high = 0;
  Frame frame{.left = left,
              .x_ticks = round_ticks(0, chart.x_max, kTicks),
              .y_ticks = round_ticks(low, high, kTicks),
              .x_max = chart.x_max};
  std::erase_if(frame.x_ticks, [&](double tick) { return tick > chart.x_max * (1 + 1e-9); });
  return frame;
}

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return out;
}

std::string draw_text(double x, double y, const char* attributes, const std::string& text) {
  return print("<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, attributes,
               escape(text).c_str());
}

std::string draw_axes(const Chart& chart, const Frame& frame) {
  std::string svg;
  const double left = frame.x(0);
  const double right = frame.x(chart.x_max);
  const double bottom = kHeight - kBottom;
  for (const double tick : frame.y_ticks) {
    const double y = frame.y(tick);
    svg += print("<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", left, y, right);
    svg += draw_text(left - 8, y + 4, "text-anchor=\"end\"", print("%.6g", tick));
  }
  for (const double tick : frame.x_ticks) {
    const double x = frame.x(tick);
    svg += print("<path class=\"axis\" d=\"M%.1f %.1fv5\"/>\n", x, bottom);
    svg += draw_text(x, bottom + 20, "text-anchor=\"middle\"", print("%.6g", tick));
  }
  svg += print("<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", left, kTop, bottom, right);
  svg += draw_text((left + right) / 2, kHeight - 12, "text-anchor=\"middle\"", chart.x_label);
  svg += draw_text(left, 28, "class=\"title\"", chart.title);
  return svg;
}

std::string draw_curve(const Curve& curve, const Frame& frame) {
  std::string path;
  std::string markers;
  bool pen_down = false;
  for (const auto& point : curve.points) {
    const bool drawn = is_drawn(point);
    if (drawn) {
      const double x = frame.x(point.first);
      const double y = frame.y(point.second);
      path += print("%c%.1f %.1f", pen_down ? 'L' : 'M', x, y);
      if (curve.markers) markers += print("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>", x, y);
    }
    pen_down = drawn;
  }
  return print("<g stroke=\"%s\" stroke-width=\"%g\" fill=\"none\" stroke-linejoin=\"round\">",
               curve.color.c_str(), curve.width) +
         "<path d=\"" + path + "\"/></g>" + print("<g fill=\"%s\">", curve.color.c_str()) +
         markers + "</g>\n";
}

// A row of samples and labels above the axes, where it can hide nothing.
std::string draw_legend(const Chart& chart, const Frame& frame) {
  constexpr double kSample = 22;
  constexpr double kCharacter = 6.6;
  std::string svg;
  double x = frame.x(0);
  for (const Curve& curve : chart.curves) {
    if (curve.label.empty()) continue;
    svg += print("<path d=\"M%.1f %.1fh%.1f\" stroke=\"%s\" stroke-width=\"%g\"/>\n", x, kTop - 22,
                 kSample, curve.color.c_str(), curve.width);
    if (curve.markers) {
      svg += print("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n", x + kSample / 2,
                   kTop - 22, curve.color.c_str());
    }
    svg += draw_text(x + kSample + 6, kTop - 18, "", curve.label);
    x += kSample + 28 + kCharacter * static_cast<double>(curve.label.size());
  }
  return svg;
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  if (high - low < 1e-9 * std::max({1.0, std::abs(low), std::abs(high)})) {
    low -= 0.5;
    high += 0.5;
  }
  const double wanted = (high - low) / std::max(count - 1, 1);
  const double power = std::pow(10.0, std::floor(std::log10(wanted)));
  const double digit = wanted / power;
  const double step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  // A hair of tolerance: 0.3 is a multiple of 0.1, though not in floating point.
  const auto first = std::llround(std::floor(low / step + 1e-9));
  const auto last = std::llround(std::ceil(high / step - 1e-9));
  std::vector<double> ticks;
  for (auto i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::string draw_svg(const std::vector<Chart>& charts) {
  const double width = kChartWidth * static_cast<double>(charts.size());
  std::string svg = print(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333333\">\n",
      width, kHeight, width, kHeight);
  svg +=
      "<style>.grid{stroke:#e4e4e4}.axis{stroke:#555555;fill:none}"
      ".title{font-size:16px;font-weight:bold}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  double left = 0;
  for (const Chart& chart : charts) {
    const Frame frame = make_frame(chart, left);
    svg += draw_axes(chart, frame);
    for (const Curve& curve : chart.curves) svg += draw_curve(curve, frame);
    svg += draw_legend(chart, frame);
    left += kChartWidth;
  }
  return svg + "</svg>\n";
}

}  // namespace keen::trainer
