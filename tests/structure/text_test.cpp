// What the text of the sources must and must not hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "tests/support/source_tree.h"

namespace keen::test {
namespace {

constexpr std::size_t kSoftCap = 400;
constexpr std::size_t kHardCap = 700;

// Files that may grow beyond the soft cap, and why they are one concept.
const std::map<std::string, std::string> kLongFiles = {};

void expect_nowhere(const std::regex& pattern, const std::string& why,
                    const std::vector<std::string>& folders) {
  for (const auto& file : source_files()) {
    if (std::ranges::none_of(folders, [&](const auto& folder) { return file.is_below(folder); })) {
      continue;
    }
    const auto code = code_only(file);
    for (std::size_t i = 0; i < code.size(); ++i) {
      EXPECT_FALSE(std::regex_search(code[i], pattern)) << file.at(i) << "\n" << why;
    }
  }
}

TEST(structure, files_stay_short) {
  for (const auto& file : source_files()) {
    EXPECT_LE(file.lines.size(), kHardCap) << file.path;
    const bool allowed = kLongFiles.contains(file.path);
    EXPECT_EQ(file.lines.size() > kSoftCap, allowed)
        << file.path << " has " << file.lines.size() << " lines"
        << (allowed ? " and needs no place among the long files" : "");
  }
}

TEST(structure, headers_begin_with_pragma_once) {
  for (const auto& file : source_files()) {
    if (!file.is_header()) continue;
    const auto code = code_only(file);
    const auto first = std::ranges::find_if(
        code, [](const auto& line) { return line.find_first_not_of(' ') != std::string::npos; });
    EXPECT_TRUE(first != code.end() && first->starts_with("#pragma once")) << file.path;
  }
}

TEST(structure, no_header_opens_a_namespace_to_all) {
  for (const auto& file : source_files()) {
    if (!file.is_header()) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_FALSE(file.lines[i].starts_with("using namespace")) << file.at(i);
    }
  }
}

TEST(structure, nothing_ends_the_process) {
  expect_nowhere(std::regex(R"(\b(abort|assert|terminate|_exit|quick_exit)\s*\()"),
                 "an error that a caller can cause is an exception of runtime/base/error.h",
                 {"runtime", "kernels", "shim"});
}

TEST(structure, nothing_is_left_unfinished) {
  const std::regex unfinished(
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X|HA"
      "CK)\\b");
  for (const auto& file : source_files()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      EXPECT_FALSE(std::regex_search(file.lines[i], unfinished)) << file.at(i);
    }
  }
}

TEST(structure, tests_neither_skip_nor_hide) {
  expect_nowhere(std::regex(R"(\bGTEST_SKIP\b|\bDISABLED_)"), "a test runs or is not there",
                 {"tests"});
}

TEST(structure, macros_are_few) {
  std::set<std::string> macros;
  const std::regex definition(R"(^\s*#\s*define\s+(\w+))");
  for (const auto& file : source_files()) {
    if (!file.is_header() || file.is_below("tests") || file.is_below("benchmarks")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch found;
      if (!std::regex_search(file.lines[i], found, definition)) continue;
      EXPECT_TRUE(found[1].str().starts_with("KEEN_")) << file.at(i);
      macros.insert(found[1]);
    }
  }
  std::string names;
  for (const auto& macro : macros) names += " " + macro;
  EXPECT_LT(macros.size(), 10u) << names;
}

}  // namespace
}  // namespace keen::test
