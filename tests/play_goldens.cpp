// Plays every golden case in a folder: play_goldens [--kind K] [--verbose] DIR
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "tests/support/golden.h"

namespace {

using keen::test::Differences;
using keen::test::GoldenSet;
using keen::test::GoldenTest;

constexpr std::size_t kShown = 5;  // differences of a test, unless --verbose

void print_failure(const GoldenTest& test, const Differences& differences, bool verbose) {
  std::printf("  %s.%s failed\n", test.suite.c_str(), test.name.c_str());
  const std::size_t shown = verbose ? differences.size() : std::min(kShown, differences.size());
  for (std::size_t i = 0; i < shown; ++i) std::printf("    %s\n", differences[i].c_str());
  if (shown < differences.size()) {
    std::printf("    … and %zu more differences\n", differences.size() - shown);
  }
}

// Plays the set and prints its line; the number of tests that failed.
std::size_t play_set(const GoldenSet& set, bool verbose) {
  std::size_t failed = 0;
  for (const GoldenTest& test : set.tests) {
    const Differences differences = play(test);
    if (!differences.empty()) {
      ++failed;
      print_failure(test, differences, verbose);
    } else if (verbose) {
      std::printf("  %s.%s passed\n", test.suite.c_str(), test.name.c_str());
    }
  }
  std::printf("%s: %zu played, %zu passed, %zu failed\n", set.kind.c_str(), set.tests.size(),
              set.tests.size() - failed, failed);
  return failed;
}

int run(const std::string& folder, const std::string& kind, bool verbose) {
  std::size_t played = 0;
  std::size_t failed = 0;
  for (const GoldenSet& set : keen::test::find_goldens(folder)) {
    if (!kind.empty() && set.kind != kind) continue;
    played += set.tests.size();
    failed += play_set(set, verbose);
  }
  if (played == 0) std::printf("no case found in %s\n", folder.c_str());
  return played == 0 || failed != 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Plays the golden cases in a folder and below it"};
  std::string folder;
  std::string kind;
  bool verbose = false;
  app.add_option("DIR", folder, "folder that holds case.json and scopes.json files")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--kind", kind, "play the cases of this kind alone");
  app.add_flag("--verbose", verbose, "name what passed, and show every difference");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(folder, kind, verbose);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "play_goldens: %s\n", error.what());
    return 1;
  }
}
