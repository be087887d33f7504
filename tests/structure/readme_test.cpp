// What the README tells the reader to run is there.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "tests/support/source_tree.h"

namespace keen::test {
namespace {

std::set<std::string> all_matches(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) {
    found.insert((*i)[1]);
  }
  return found;
}

std::set<std::string> preset_names(const char* kind) {
  std::set<std::string> names;
  const auto presets = nlohmann::json::parse(read_source("CMakePresets.json"));
  for (const auto& preset : presets.at(kind)) {
    if (!preset.value("hidden", false)) names.insert(preset.at("name").get<std::string>());
  }
  return names;
}

TEST(structure, the_readme_gives_the_two_commands) {
  const auto readme = read_source("README.md");
  for (const char* preset : {"train", "test"}) {
    const std::string command =
        std::string("docker/provision.sh && cmake --workflow --preset ") + preset;
    EXPECT_NE(readme.find(command), std::string::npos) << command;
  }
}

TEST(structure, presets_named_by_the_readme_exist) {
  const auto readme = read_source("README.md");
  const struct {
    const char* command;
    const char* kind;
  } commands[] = {{"cmake --workflow --preset", "workflowPresets"},
                  {"cmake --build --preset", "buildPresets"},
                  {"cmake --preset", "configurePresets"},
                  {"ctest --preset", "testPresets"}};
  for (const auto& [command, kind] : commands) {
    const auto names = preset_names(kind);
    for (const auto& name : all_matches(readme, std::regex(std::string(command) + R"( (\w+))"))) {
      EXPECT_TRUE(names.contains(name)) << command << " " << name;
    }
  }
}

TEST(structure, paths_named_by_the_readme_exist) {
  const std::regex path(R"(\b((?:runtime|kernels|shim|tests|benchmarks|docker|docs)/[\w./-]*\w))");
  for (const auto& name : all_matches(read_source("README.md"), path)) {
    EXPECT_TRUE(std::filesystem::exists(source_root() + "/" + name)) << name;
  }
}

}  // namespace
}  // namespace keen::test
