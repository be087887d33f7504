// Every op has cases.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "runtime/op/op.h"
#include "tests/support/op_case.h"

namespace keen::test {
namespace {

TEST(structure, every_row_has_cases) {
  for (const op::Op* row : op::all()) {
    EXPECT_TRUE(rows_with_cases().contains(row->name)) << row->name << " has no case";
  }
}

TEST(structure, every_case_is_of_a_row) {
  for (const std::string& name : rows_with_cases()) {
    const auto named = [&](const op::Op* row) { return name == row->name; };
    EXPECT_TRUE(std::any_of(op::all().begin(), op::all().end(), named))
        << "there are cases, but no row " << name;
  }
}

}  // namespace
}  // namespace keen::test
