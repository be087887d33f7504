// Every op's row is complete, and none has been lost between its source and the library.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "runtime/op/op.h"
#include "tests/support/source_tree.h"

namespace keen::test {
namespace {

TEST(structure, every_row_in_the_sources_is_in_the_library) {
  std::size_t rows = 0;
  const std::regex row(R"(^\s*KEEN_OP\(\w+\);)");
  for (const auto& file : source_files()) {
    if (!file.path.ends_with(".cpp") || file.is_below("tests")) continue;
    for (const auto& line : code_only(file)) rows += std::regex_search(line, row) ? 1 : 0;
  }
  EXPECT_GT(rows, 0u);
  EXPECT_EQ(op::all().size(), rows);
}

TEST(structure, every_row_is_complete) {
  std::set<std::string> names;
  for (const op::Op* row : op::all()) {
    ASSERT_NE(row->name, nullptr);
    const std::string name = row->name;
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << "two rows are named " << name;
    EXPECT_NE(row->infer, nullptr) << name << " has no shape rule";
    EXPECT_TRUE(row->cpu != nullptr || row->shares_input) << name << " has no CPU kernel";
    EXPECT_NE(row->gradient, nullptr)
        << name << " has neither a gradient nor op::not_differentiable";
    for (int i = 0; i < row->inputs.size(); ++i) {
      EXPECT_NE(std::string(row->inputs[i].name), "") << name << ": input " << i << " has no name";
    }
  }
}

}  // namespace
}  // namespace keen::test
