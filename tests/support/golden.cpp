#include "tests/support/golden.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A test that fails with the text.
GoldenSet failing(const fs::path& path, const std::string& kind, const std::string& problem) {
  Differences found{path.string() + ": " + problem};
  return {kind, {{kind, path.parent_path().filename().string(), [found] { return found; }}}};
}

GoldenSet read(const fs::path& path) {
  std::string kind = "unreadable";
  try {
    std::ifstream stream(path);
    const json contents = json::parse(stream);
    const std::string whole =
        path.filename() == "scopes.json" ? "scopes" : contents.at("case").get<std::string>();
    const std::size_t slash = whole.find('/');
    kind = whole.substr(0, slash);
    const GoldenReader reader = reader_of(kind);
    if (reader == nullptr) return failing(path, kind, "no reader for the kind '" + kind + "'");
    const std::string name = slash == std::string::npos ? kind : whole.substr(slash + 1);
    GoldenSet set{kind, reader({path.parent_path().string(), kind, name}, contents)};
    if (set.tests.empty()) return failing(path, kind, "holds nothing to play");
    return set;
  } catch (const std::exception& error) {
    return failing(path, kind, error.what());
  }
}

}  // namespace

std::vector<GoldenSet> find_goldens(const std::string& folder) {
  std::vector<fs::path> paths;
  if (!fs::is_directory(folder)) return {};
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "case.json" || name == "scopes.json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<GoldenSet> sets;
  for (const fs::path& path : paths) {
    GoldenSet set = read(path);
    const auto same = [&](const GoldenSet& other) { return other.kind == set.kind; };
    const auto found = std::find_if(sets.begin(), sets.end(), same);
    if (found == sets.end()) {
      sets.push_back(std::move(set));
    } else {
      std::move(set.tests.begin(), set.tests.end(), std::back_inserter(found->tests));
    }
  }
  return sets;
}

Differences play(const GoldenTest& test) {
  try {
    return test.play();
  } catch (const Error& error) {
    return {std::string("threw ") + error.kind() + ": " + error.what()};
  } catch (const std::exception& error) {
    return {std::string("threw: ") + error.what()};
  }
}

void check_fields(const std::string& where, const json& object,
                  std::initializer_list<const char*> known) {
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw std::runtime_error(text(where, ": the reader does not know the field '", name, "'"));
    }
  }
}

}  // namespace keen::test
