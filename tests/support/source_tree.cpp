#include "tests/support/source_tree.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace keen::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> includes(const SourceFile& file, char open, char close) {
  std::vector<std::string> names;
  for (std::string_view line : file.lines) {
    if (!line.starts_with("#include ")) continue;
    const auto from = line.find(open);
    if (from == std::string_view::npos) continue;
    const auto to = line.find(close, from + 1);
    if (to != std::string_view::npos) names.emplace_back(line.substr(from + 1, to - from - 1));
  }
  return names;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<SourceFile> read_all() {
  std::vector<SourceFile> files;
  for (const char* folder : {"runtime", "kernels", "shim", "tests", "benchmarks"}) {
    if (!fs::is_directory(source_root() + "/" + folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(source_root() + "/" + folder)) {
      const auto ending = entry.path().extension();
      if (!entry.is_regular_file() ||
          (ending != ".h" && ending != ".cpp" && ending != ".cu" && ending != ".cuh")) {
        continue;
      }
      auto path = entry.path().lexically_relative(source_root()).generic_string();
      auto lines = split_lines(read_source(path));
      files.push_back({.path = std::move(path), .lines = std::move(lines)});
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

// Blanks one line; `in_comment` carries a block comment over to the next.
std::string blanked(const std::string& line, bool& in_comment) {
  std::string out(line.size(), ' ');
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool pair = i + 1 < line.size();
    if (in_comment) {
      if (pair && line[i] == '*' && line[i + 1] == '/') {
        in_comment = false;
        ++i;
      }
    } else if (quote != 0) {
      if (line[i] == '\\') {
        ++i;
      } else if (line[i] == quote) {
        quote = 0;
      }
    } else if (pair && line[i] == '/' && line[i + 1] == '/') {
      break;
    } else if (pair && line[i] == '/' && line[i + 1] == '*') {
      in_comment = true;
      ++i;
    } else {
      out[i] = line[i];
      // A quote after a digit or a letter separates digits: 1'000.
      const bool digits = line[i] == '\'' && i > 0 && std::isalnum(line[i - 1]) != 0;
      if (line[i] == '"' || (line[i] == '\'' && !digits)) quote = line[i];
    }
  }
  return out;
}

}  // namespace

std::string SourceFile::at(std::size_t line) const {
  return path + ":" + std::to_string(line + 1) + ": " + lines[line];
}

std::vector<std::string> SourceFile::quoted_includes() const { return includes(*this, '"', '"'); }

std::vector<std::string> SourceFile::bracketed_includes() const {
  return includes(*this, '<', '>');
}

std::string source_root() { return KEEN_TEST_SOURCE_DIR; }

std::string read_source(const std::string& path) {
  std::ifstream in(source_root() + "/" + path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const std::vector<SourceFile>& source_files() {
  static const std::vector<SourceFile> files = read_all();
  return files;
}

std::vector<std::string> code_only(const SourceFile& file) {
  std::vector<std::string> out;
  bool in_comment = false;
  for (const auto& line : file.lines) out.push_back(blanked(line, in_comment));
  return out;
}

}  // namespace keen::test
