// Expects that a call throws a typed error with a certain text.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace keen::test {

// `call()` must throw exactly an E whose text contains `part`.
template <class E, class F>
void expect_error(F&& call, const std::string& part) {
  try {
    static_cast<void>(call());
    ADD_FAILURE() << "no error; expected one with: " << part;
  } catch (const E& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
        << "got: " << error.what() << "\nexpected in it: " << part;
  }
}

}  // namespace keen::test
