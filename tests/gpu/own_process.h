// Checks in a process of their own.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "tests/gpu/needs_simulator.h"

namespace keen::test {

// Starts this program anew for the checks alone, which may poison that process.
inline void in_own_process(const std::function<void()>& checks) {
  KEEN_NEEDS_SIMULATOR();
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto run = [&] {
    checks();
    KEEN_SIM(cudasim_clear)();
    const testing::TestResult& result =
        *testing::UnitTest::GetInstance()->current_test_info()->result();
    for (int i = 0; i < result.total_part_count(); ++i) {
      const testing::TestPartResult& part = result.GetTestPartResult(i);
      std::fprintf(stderr, "line %d: %s\n", part.line_number(), part.message());
    }
    std::exit(result.Failed() ? 1 : 0);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(0), "");
}

}  // namespace keen::test
