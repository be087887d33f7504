// Golden cases: what TensorFlow gave, found by content and played by the reader of their kind.
#pragma once

#include <functional>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace keen::test {

// One line for each thing that is not as expected; empty if all is.
using Differences = std::vector<std::string>;

// `suite` and `name` make the name of the ctest entry, <suite>.<name>. What `play` throws is one
// more difference.
struct GoldenTest {
  std::string suite;
  std::string name;
  std::function<Differences()> play;
};

// A case.json or scopes.json that was found.
struct GoldenFile {
  std::string folder;
  std::string kind;  // the part of its field `case` before the slash; "scopes" for a scopes.json
  std::string name;  // the part after the slash; the kind if there is none
};

// Lists the tests that a file holds.
using GoldenReader = std::vector<GoldenTest> (*)(const GoldenFile& file,
                                                 const nlohmann::json& contents);

// The reader of a kind, null if there is none.
[[nodiscard]] GoldenReader reader_of(const std::string& kind);

struct GoldenSet {
  std::string kind;
  std::vector<GoldenTest> tests;
};

// Every case.json and scopes.json in the folder and below it, by path. A file that can't be read,
// and one of a kind without a reader, becomes a test that fails.
[[nodiscard]] std::vector<GoldenSet> find_goldens(const std::string& folder);

// Plays a test, exceptions included.
[[nodiscard]] Differences play(const GoldenTest& test);

// Throws std::runtime_error, naming `where`, if the object has a field that is not among `known`.
void check_fields(const std::string& where, const nlohmann::json& object,
                  std::initializer_list<const char*> known);

}  // namespace keen::test
