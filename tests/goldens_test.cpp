// Registers a test for everything that the golden cases below tests/goldens hold.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/golden.h"
#include "tests/support/source_tree.h"

namespace keen::test {
namespace {

class GoldenTestBody final : public testing::Test {
 public:
  explicit GoldenTestBody(const GoldenTest& test) : test_(test) {}
  void TestBody() override {
    for (const std::string& difference : play(test_)) ADD_FAILURE() << difference;
  }

 private:
  const GoldenTest test_;
};

[[maybe_unused]] const bool kRegistered = [] {
  for (const GoldenSet& set : find_goldens(source_root() + "/tests/goldens")) {
    for (const GoldenTest& test : set.tests) {
      testing::RegisterTest(test.suite.c_str(), test.name.c_str(), nullptr, nullptr, __FILE__,
                            __LINE__,
                            [test]() -> testing::Test* { return new GoldenTestBody(test); });
    }
  }
  return true;
}();

}  // namespace
}  // namespace keen::test
