// Reads what run_beside_peers.sh measured (JSON files of Google Benchmark, one per process) and
// prints a table and, into a file, JSON lines. A ratio is printed only where Keen and the peer
// computed the same.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-4;  // relative, of every counter check_...
constexpr char kKeen[] = "keen";

// What one program did for one work in one form, a value per process.
struct Series {
  std::string program;
  std::string form;  // empty: the plain one
  std::vector<double> times_us;
  std::vector<double> cpu_us;  // of the main thread; only from processes of one thread
  std::map<std::string, std::vector<double>> counters;
};

using Works = std::map<std::string, std::vector<Series>>;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double minimum(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

double microseconds(const json& row, const char* time) {
  static const std::map<std::string, double> kUnits{
      {"ns", 1e-3}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}};
  return row.at(time).get<double>() * kUnits.at(row.at("time_unit").get<std::string>());
}

bool is_counter(const std::string& key) {
  return key.starts_with("check_") || key.ends_with("_mb") || key == "faults";
}

Series& series_of(std::vector<Series>& all, const std::string& program, const std::string& form) {
  for (Series& series : all) {
    if (series.program == program && series.form == form) return series;
  }
  return all.emplace_back(Series{program, form, {}, {}, {}});
}

void read_file(const std::string& path, Works& works) {
  std::ifstream file(path);
  const json root = json::parse(file);
  const json& context = root.at("context");
  for (const json& row : root.at("benchmarks")) {
    if (row.value("error_occurred", false)) {
      throw std::runtime_error(path + ": " + row.value("error_message", "failed"));
    }
    const std::string name = row.at("name").get<std::string>();
    const std::string known = name.substr(0, name.find('/'));
    const std::size_t colon = std::min(known.find(':'), known.size());
    const std::string variant = context.value("variant", "");
    std::string form = known.substr(std::min(colon + 1, known.size()));
    if (!variant.empty()) form += (form.empty() ? "" : ", ") + variant;
    Series& series = series_of(works[known.substr(0, colon)], context.at("program"), form);
    if (context.contains("untimed")) {
      series.counters["memory_calls"].push_back(row.at("memory_calls").get<double>());
      continue;
    }
    series.times_us.push_back(microseconds(row, "real_time"));
    if (context.at("threads") == "1") series.cpu_us.push_back(microseconds(row, "cpu_time"));
    for (const auto& [key, value] : row.items()) {
      if (is_counter(key)) series.counters[key].push_back(value.get<double>());
    }
  }
}

// Every process of both printed the same for each check of either.
bool agree(const Series& a, const Series& b) {
  for (const Series* series : {&a, &b}) {
    for (const auto& [key, unused] : series->counters) {
      if (!key.starts_with("check_")) continue;
      if (!a.counters.contains(key) || !b.counters.contains(key)) return false;
      std::vector<double> values = a.counters.at(key);
      const std::vector<double>& others = b.counters.at(key);
      values.insert(values.end(), others.begin(), others.end());
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      const double size = std::max(std::abs(*low), std::abs(*high));
      if (!(*high - *low <= kTolerance * size)) return false;  // so that NaN disagrees
    }
  }
  return true;
}

// The peer's series with the lowest median of time, or of a counter; null if none has it.
template <typename Value>
const Series* best_peer(const std::vector<Series>& all, Value value) {
  const Series* best = nullptr;
  for (const Series& series : all) {
    if (series.program == kKeen || !value(series)) continue;
    if (best == nullptr || *value(series) < *value(*best)) best = &series;
  }
  return best;
}

std::optional<double> median_time(const Series& series) { return median(series.times_us); }

std::optional<double> median_peak(const Series& series) {
  const auto found = series.counters.find("peak_resident_mb");
  if (found == series.counters.end()) return std::nullopt;
  return median(found->second);
}

std::string title(const Series& series) {
  return series.form.empty() ? series.program : series.program + " (" + series.form + ")";
}

json to_json(const std::string& work, const Series& series) {
  json line{{"work", work},
            {"program", series.program},
            {"form", series.form},
            {"processes", series.times_us.size()},
            {"median_us", median(series.times_us)},
            {"min_us", minimum(series.times_us)}};
  if (!series.cpu_us.empty()) line["median_cpu_us"] = median(series.cpu_us);
  for (const auto& [key, values] : series.counters) line[key] = median(values);
  return line;
}

std::string number(double value, const char* format) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string cell(const Series& series, const std::string& counter, const char* format) {
  const auto found = series.counters.find(counter);
  if (found == series.counters.end()) return "";
  return number(median(found->second), format);
}

void print_series(const std::string& work, const Series& series) {
  std::string checks;
  for (const auto& [key, unused] : series.counters) {
    if (key.starts_with("check_"))
      checks += (checks.empty() ? "" : ", ") + cell(series, key, "%.7g");
  }
  std::printf("| %s | %s | %zu | %.4g | %.4g | %s | %s | %s | %s | %s | %s |\n", work.c_str(),
              title(series).c_str(), series.times_us.size(), median(series.times_us),
              minimum(series.times_us), checks.c_str(), cell(series, "faults", "%.1f").c_str(),
              cell(series, "memory_calls", "%.1f").c_str(),
              cell(series, "resident_before_mb", "%.0f").c_str(),
              cell(series, "peak_resident_mb", "%.0f").c_str(),
              cell(series, "peak_tensor_mb", "%.1f").c_str());
}

// One line of ratios of a series of Keen; false if the two computed something else.
bool print_ratio(const std::string& work, const Series& keen, const Series& peer,
                 const Series* small, std::ostream& lines) {
  json line{
      {"work", work}, {"keen", title(keen)}, {"beside", title(peer)}, {"agree", agree(keen, peer)}};
  if (!agree(keen, peer)) {
    std::printf("| %s | %s | %s | results differ | | | |\n", work.c_str(), title(keen).c_str(),
                title(peer).c_str());
    lines << line.dump() << '\n';
    return false;
  }
  line["ratio_of_medians"] = median(keen.times_us) / median(peer.times_us);
  line["ratio_of_minima"] = minimum(keen.times_us) / minimum(peer.times_us);
  std::string cpu;
  if (!keen.cpu_us.empty() && !peer.cpu_us.empty()) {
    line["ratio_of_cpu_medians"] = median(keen.cpu_us) / median(peer.cpu_us);
    cpu = number(line["ratio_of_cpu_medians"], "%.3f");
  }
  std::string memory;
  if (small != nullptr && median_peak(keen) && agree(keen, *small)) {
    line["ratio_of_peak_resident"] = *median_peak(keen) / *median_peak(*small);
    memory = number(line["ratio_of_peak_resident"], "%.3f") + " beside " + title(*small);
  }
  std::printf("| %s | %s | %s | %.3f | %.3f | %s | %s |\n", work.c_str(), title(keen).c_str(),
              title(peer).c_str(), line["ratio_of_medians"].get<double>(),
              line["ratio_of_minima"].get<double>(), cpu.c_str(), memory.c_str());
  lines << line.dump() << '\n';
  return true;
}

// Keen's other forms beside its plain one: round by round, so that a drift of the machine cancels.
void print_own_ratio(const std::string& work, const Series& form, const Series& plain,
                     std::ostream& lines) {
  const auto ratio = [](const std::vector<double>& ours, const std::vector<double>& others) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(ours.size(), others.size()); ++i) {
      ratios.push_back(ours[i] / others[i]);
    }
    return median(ratios);
  };
  const double real = ratio(form.times_us, plain.times_us);
  const double smallest = minimum(form.times_us) / minimum(plain.times_us);
  json line{{"work", work},
            {"keen", title(form)},
            {"beside", title(plain)},
            {"median_of_ratios", real},
            {"ratio_of_minima", smallest}};
  std::string cpu;
  if (!form.cpu_us.empty() && !plain.cpu_us.empty()) {
    line["median_of_cpu_ratios"] = ratio(form.cpu_us, plain.cpu_us);
    cpu = number(line["median_of_cpu_ratios"], "%.3f");
  }
  std::printf("| %s | %s | %s | %.3f | %.3f | %s | |\n", work.c_str(), title(form).c_str(),
              title(plain).c_str(), real, smallest, cpu.c_str());
  lines << line.dump() << '\n';
}

// False if Keen and a peer computed something else somewhere.
bool report(const Works& works, std::ostream& lines) {
  std::printf(
      "| work | program | processes | median µs | min µs | result | faults | memory calls | MB "
      "before | peak MB | "
      "tensor MB |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (const auto& [work, all] : works) {
    for (const Series& series : all) {
      print_series(work, series);
      lines << to_json(work, series).dump() << '\n';
    }
  }
  std::printf(
      "\n| work | Keen | beside | ratio of medians | of minima | of CPU time | of peak memory |\n"
      "|---|---|---|---|---|---|---|\n");
  bool same = true;
  for (const auto& [work, all] : works) {
    const Series* fastest = best_peer(all, median_time);
    const Series* smallest = best_peer(all, median_peak);
    const Series* plain = nullptr;
    for (const Series& series : all) {
      if (series.program == kKeen && series.form.empty()) plain = &series;
    }
    for (const Series& series : all) {
      if (series.program != kKeen) continue;
      if (fastest != nullptr) same &= print_ratio(work, series, *fastest, smallest, lines);
      if (plain != nullptr && plain != &series) print_own_ratio(work, series, *plain, lines);
    }
  }
  return same;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  std::string output;
  CLI::App app("Compares what Keen and its peers measured in one run.");
  app.add_option("--lines", output, "file for the figures as JSON lines")->required();
  app.add_option("files", files, "JSON files of Google Benchmark")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    Works works;
    for (const std::string& file : files) read_file(file, works);
    std::ofstream lines(output);
    const bool same = report(works, lines);
    lines.close();
    if (!lines) throw std::runtime_error(output + ": could not be written");
    return same ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "compare: %s\n", error.what());
    return 2;
  }
}
