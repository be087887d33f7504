#include "tests/sim/core/coverage_record.h"

#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace keen::sim {
namespace {

constexpr const char* kTitle = "cudasim coverage 1";
constexpr const char* kEnd = "end";

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error("coverage record: " + what);
}

std::string rest_of(std::istream& in) {
  std::string text;
  std::getline(in >> std::ws, text);
  return text;
}

void add_kernel(const std::pair<std::string, int>& key, const KernelRecord& read,
                CoverageRecord& record) {
  KernelRecord& kernel = record[key];
  kernel.title = read.title;
  kernel.launches += read.launches;
  if (kernel.blocks.empty()) {
    kernel.blocks = read.blocks;
    return;
  }
  if (read.blocks.empty()) return;
  bool same = kernel.blocks.size() == read.blocks.size();
  for (std::size_t i = 0; same && i < read.blocks.size(); ++i) {
    same = place_of(kernel.blocks[i]) == place_of(read.blocks[i]);
    kernel.blocks[i].runs += read.blocks[i].runs;
  }
  if (!same) refuse("other code of " + read.title + ": the folder holds records of another build");
}

}  // namespace

void write_record(std::ostream& out, const CoverageRecord& record) {
  out << kTitle << '\n';
  for (const auto& [key, kernel] : record) {
    out << "kernel " << key.first << ' ' << key.second << ' ' << kernel.launches << ' '
        << kernel.blocks.size() << ' ' << kernel.title << '\n';
    for (const auto& b : kernel.blocks) {
      out << b.ptx_line << ' ' << b.ptx_last << ' ' << b.line << ' ' << b.last << ' ' << b.runs
          << ' ' << (b.file.empty() ? "-" : b.file) << '\n';
    }
  }
  out << kEnd << '\n';
}

void add_record(std::istream& in, CoverageRecord& record) {
  std::string line;
  if (!std::getline(in, line) || line != kTitle) refuse("it does not begin as one");
  while (std::getline(in, line) && line != kEnd) {
    std::istringstream words(line);
    std::string kind;
    std::pair<std::string, int> key;
    KernelRecord kernel;
    std::size_t blocks = 0;
    words >> kind >> key.first >> key.second >> kernel.launches >> blocks;
    if (!words || kind != "kernel") refuse("not a kernel: " + line);
    kernel.title = rest_of(words);
    for (std::size_t i = 0; i < blocks; ++i) {
      BlockRecord b;
      in >> b.ptx_line >> b.ptx_last >> b.line >> b.last >> b.runs;
      if (!in) refuse("a block is missing");
      b.file = rest_of(in);
      if (b.file == "-") b.file.clear();
      kernel.blocks.push_back(b);
    }
    add_kernel(key, kernel, record);
  }
  if (line != kEnd) refuse("it has no end");
}

std::string place_of(const BlockRecord& block) {
  const auto range = [](int first, int last) {
    return std::to_string(first) + (last == first ? "" : " to " + std::to_string(last));
  };
  std::string text = "PTX line " + range(block.ptx_line, block.ptx_last);
  if (block.line > 0) text += " (" + block.file + ":" + range(block.line, block.last) + ")";
  return text;
}

}  // namespace keen::sim
