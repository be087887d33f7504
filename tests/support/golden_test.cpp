// How golden cases are found: nothing is skipped.
#include "tests/support/golden.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/support/data_files.h"
#include "tests/support/golden_arrays.h"

namespace keen::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Writes a file into a folder of its own.
void write_case(const TemporaryFolder& root, const std::string& folder, const std::string& file,
                const std::string& contents) {
  std::filesystem::create_directories(root / folder);
  write_bytes(root / (folder + "/" + file), contents);
}

Differences only_result(const TemporaryFolder& root) {
  const auto sets = find_goldens(root.path());
  if (sets.size() != 1 || sets[0].tests.size() != 1) return {"not one test"};
  return play(sets[0].tests[0]);
}

TEST(goldens, none_in_an_empty_folder) {
  const TemporaryFolder root;
  write_case(root, "a", "other.json", R"({"case": "ops/a"})");
  EXPECT_THAT(find_goldens(root.path()), IsEmpty());
}

TEST(goldens, a_kind_without_a_reader_fails) {
  const TemporaryFolder root;
  write_case(root, "a/b", "case.json", R"({"case": "strange/one"})");
  EXPECT_EQ(find_goldens(root.path())[0].kind, "strange");
  EXPECT_THAT(only_result(root), ElementsAre(HasSubstr("no reader for the kind 'strange'")));
}

TEST(goldens, a_file_that_is_not_json_fails) {
  const TemporaryFolder root;
  write_case(root, "a", "case.json", R"({"case": "ops/a")");
  EXPECT_THAT(only_result(root), ElementsAre(HasSubstr("parse error")));
}

TEST(goldens, a_file_without_a_case_fails) {
  const TemporaryFolder root;
  write_case(root, "a", "case.json", R"({"format": 1})");
  EXPECT_THAT(only_result(root), ElementsAre(HasSubstr("key 'case' not found")));
}

TEST(goldens, cases_of_a_kind_stand_together) {
  const TemporaryFolder root;
  write_case(root, "1", "case.json", R"({"case": "x/1"})");
  write_case(root, "2", "case.json", R"({"case": "y"})");
  write_case(root, "3", "case.json", R"({"case": "x/3"})");
  const auto sets = find_goldens(root.path());
  ASSERT_EQ(sets.size(), 2u);
  EXPECT_EQ(sets[0].kind, "x");
  EXPECT_EQ(sets[0].tests.size(), 2u);
  EXPECT_EQ(sets[1].kind, "y");
}

TEST(goldens, what_a_test_throws_is_a_difference) {
  EXPECT_THAT(play({"s", "n", []() -> Differences { throw std::runtime_error("it broke"); }}),
              ElementsAre("threw: it broke"));
}

TEST(goldens, unknown_fields_are_refused) {
  const auto object = nlohmann::json::parse(R"({"op": 1, "new": 2})");
  EXPECT_NO_THROW(check_fields("entry", object, {"op", "new", "absent"}));
  EXPECT_THROW(check_fields("entry", object, {"op"}), std::runtime_error);
}

// ---- safetensors ----

std::string safetensors(const std::string& header, const std::string& bytes) {
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i)
    out[static_cast<std::size_t>(i)] = static_cast<char>(header.size() >> (8 * i));
  return out + header + bytes;
}

class Arrays : public testing::Test {
 protected:
  // Empty if the file can be read, else the error.
  std::string error_of(const std::string& contents) {
    write_bytes(root_ / "arrays.safetensors", contents);
    try {
      arrays_ = GoldenArrays::read(root_ / "arrays.safetensors");
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  TemporaryFolder root_;
  GoldenArrays arrays_;
};

TEST_F(Arrays, are_read_with_their_types_and_shapes) {
  EXPECT_EQ(error_of(safetensors(R"({"a":{"dtype":"I32","shape":[2,1],"data_offsets":[0,8]},)"
                                 R"("b":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}})",
                                 std::string("\1\0\0\0\2\0\0\0\1", 9))),
            "");
  EXPECT_EQ(arrays_.at("a").shape(), Shape({2, 1}));
  EXPECT_THAT(arrays_.at("a").to_vector<std::int32_t>(), ElementsAre(1, 2));
  EXPECT_TRUE(arrays_.at("b").item<bool>());
  EXPECT_THROW(static_cast<void>(arrays_.at("c")), std::runtime_error);
}

TEST_F(Arrays, that_are_damaged_are_refused) {
  const std::string entry = R"({"a":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_THAT(error_of("short"), HasSubstr("too short"));
  EXPECT_THAT(error_of(safetensors(entry, std::string(8, 'x')).substr(0, 20)),
              HasSubstr("the header is cut"));
  EXPECT_THAT(error_of(safetensors(entry, std::string(7, 'x'))),
              HasSubstr("'a': the offsets do not fit"));
  EXPECT_THAT(error_of(safetensors(R"({"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})",
                                   std::string(8, 'x'))),
              HasSubstr("no element type for 'C64'"));
  EXPECT_THAT(error_of(safetensors(R"({"a":{"dtype":"I32","shape":[2],"data_offsets":[8,0]}})",
                                   std::string(8, 'x'))),
              HasSubstr("the offsets do not fit"));
  EXPECT_THAT(error_of(safetensors("not json", "")), HasSubstr("parse error"));
}

}  // namespace
}  // namespace keen::test
