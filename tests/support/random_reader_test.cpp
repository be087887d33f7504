// The reader of golden cases about random numbers sees what is wrong with them.
#include "tests/support/random_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/source_tree.h"

namespace keen::test {
namespace {

using nlohmann::json;

class RandomReader : public testing::Test {
 protected:
  // The differences after `change` has been made to the case of that name.
  static Differences after(const std::string& name, const std::function<void(json&)>& change) {
    const std::string folder = source_root() + "/tests/goldens/random/" + name;
    std::ifstream file(folder + "/case.json");
    json contents = json::parse(file);
    change(contents);
    Differences differences;
    for (const GoldenTest& test : read_random({folder, "random", name}, contents)) {
      for (std::string& difference : play(test)) differences.push_back(std::move(difference));
    }
    return differences;
  }
  static std::string only(const Differences& differences) {
    return differences.size() == 1 ? differences[0]
                                   : std::to_string(differences.size()) + " differences";
  }
};

TEST_F(RandomReader, FindsNothingWrongWithACaseAsItIs) {
  EXPECT_EQ(after("raw_kernels", [](json&) {}), Differences());
}

TEST_F(RandomReader, SeesOtherNumbers) {
  const auto other_seed = [](json& golden) { golden["entries"][0]["seed"] = 43; };
  EXPECT_NE(only(after("raw_kernels", other_seed)).find("RandomUniform_0000"), std::string::npos);
  const auto other_call = [](json& golden) { golden["entries"][0]["call"] = 1; };
  EXPECT_NE(only(after("raw_kernels", other_call)).find("RandomUniform_0000"), std::string::npos);
}

TEST_F(RandomReader, SeesOtherSeedsOfOps) {
  const auto change = [](json& golden) {
    golden["sequences"][0]["steps"][0]["ops"][0]["seed2"] = 1;
  };
  EXPECT_NE(only(after("eager_sequences", change)).find("random ops that ran"), std::string::npos);
}

TEST_F(RandomReader, RefusesWhatItDoesNotKnow) {
  const auto field = [](json& golden) { golden["entries"][0]["new"] = 1; };
  EXPECT_NE(only(after("raw_kernels", field)).find("unknown field 'new'"), std::string::npos);
  const auto part = [](json& golden) { golden["new"] = 1; };
  EXPECT_NE(only(after("raw_kernels", part)).find("unknown field 'new'"), std::string::npos);
  const auto op = [](json& golden) { golden["entries"][0]["op"] = "RandomNew"; };
  EXPECT_NE(only(after("raw_kernels", op)).find("there is no op 'RandomNew'"), std::string::npos);
  const auto dtype = [](json& golden) { golden["entries"][0]["dtype"] = "float7"; };
  EXPECT_NE(only(after("raw_kernels", dtype)).find("float7"), std::string::npos);
  const auto kind = [](json& golden) { golden["generators"][0]["calls"][0]["kind"] = "new"; };
  EXPECT_NE(only(after("stateless", kind)).find("unknown kind 'new'"), std::string::npos);
  const auto step = [](json& golden) { golden["sequences"][0]["steps"][0]["do"]["op"] = "new"; };
  EXPECT_NE(only(after("eager_sequences", step)).find("unknown op"), std::string::npos);
}

TEST_F(RandomReader, RefusesACaseOfWhichNothingIsLeft) {
  const json empty = {{"case", "random/raw_kernels"}, {"tensors", json::object()}};
  EXPECT_TRUE(read_random({"", "random", "raw_kernels"}, empty).empty());
}

}  // namespace
}  // namespace keen::test
