#include "runtime/device/cuda/convolution_search.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/logging.h"
#include "runtime/base/output_file.h"
#include "runtime/base/text.h"

namespace keen::device::cuda {
namespace {

using Algorithms = std::vector<ConvolutionAlgorithm>;

constexpr std::string_view kHeader = "keen convolution algorithms 1";

ConvolutionSearch from_environment() {
  const char* value = std::getenv("KEEN_CONV_SEARCH");
  if (value == nullptr || std::string_view(value) == "heuristics") {
    return ConvolutionSearch::kHeuristics;
  }
  if (std::string_view(value) == "timed") return ConvolutionSearch::kTimed;
  throw InvalidArgumentError(text("KEEN_CONV_SEARCH must be heuristics or timed, got ", value));
}

std::atomic<ConvolutionSearch>& search() {
  static std::atomic<ConvolutionSearch> the_search{from_environment()};
  return the_search;
}

// ---- The file: a header, then lines of a key, a tab, and algorithms as number:bytes ----

std::string path_of_file() {
  const char* value = std::getenv("KEEN_CONV_CACHE");
  return value == nullptr ? "" : value;
}

// False: `list` is none.
bool parse(const std::string& list, Algorithms* algorithms) {
  std::istringstream in(list);
  for (std::string each; in >> each;) {
    std::istringstream pair(each);
    ConvolutionAlgorithm algorithm;
    char colon = 0;
    pair >> algorithm.number >> colon >> algorithm.workspace_bytes;
    if (!pair || colon != ':' || !pair.eof() || algorithm.number < 0) return false;
    algorithms->push_back(algorithm);
  }
  return true;
}

using Entries = std::map<std::string, Algorithms>;

Entries read(const std::string& path) {
  Entries entries;
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line)) return entries;  // none yet
  const auto broken = [&](const char* what) {
    return DataLossError(text("KEEN_CONV_CACHE: ", path, what, ": delete it, or name another"));
  };
  if (line != kHeader) throw broken(" is not a file of convolution algorithms");
  while (std::getline(in, line)) {
    const std::size_t tab = line.find('\t');
    Algorithms algorithms;
    if (tab == std::string::npos || !parse(line.substr(tab), &algorithms)) {
      throw broken(" has a line that lists no algorithms");
    }
    entries[line.substr(0, tab)] = std::move(algorithms);
  }
  return entries;
}

std::string contents(const Entries& entries) {
  std::ostringstream out;
  out << kHeader << '\n';
  for (const auto& [key, algorithms] : entries) {
    out << key << '\t';
    const char* gap = "";
    for (const ConvolutionAlgorithm& algorithm : algorithms) {
      out << gap << algorithm.number << ':' << algorithm.workspace_bytes;
      gap = " ";
    }
    out << '\n';
  }
  return out.str();
}

std::mutex& file_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

ConvolutionSearch convolution_search() { return search().load(std::memory_order_relaxed); }

void set_convolution_search(ConvolutionSearch to) { search().store(to, std::memory_order_relaxed); }

std::optional<Algorithms> cached_algorithms(const std::string& key) {
  const std::string path = path_of_file();
  if (path.empty()) return std::nullopt;
  const std::lock_guard lock(file_mutex());
  Entries entries = read(path);
  const auto found = entries.find(key);
  if (found == entries.end()) return std::nullopt;
  return std::move(found->second);
}

void cache_algorithms(const std::string& key, const Algorithms& algorithms) {
  const std::string path = path_of_file();
  if (path.empty()) return;
  const std::lock_guard lock(file_mutex());
  Entries entries = read(path);
  entries[key] = algorithms;
  try {
    write_file(path, contents(entries));
  } catch (const Error& error) {
    log(LogLevel::kWarn, "KEEN_CONV_CACHE: ", error.what());
  }
}

}  // namespace keen::device::cuda
