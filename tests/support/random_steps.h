// What the readers of golden cases about random numbers share.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "runtime/tensor/tensor.h"
#include "tests/support/golden.h"
#include "tests/support/golden_arrays.h"

namespace keen::test {

// What every part of a case needs: its arrays, and the list of differences.
struct RandomPlay {
  const GoldenArrays& arrays;
  Differences& differences;

  void compare(const std::string& what, const Tensor& got, const std::string& name) const {
    add(drawn_difference(what, got, arrays.at(name)));
  }
  void compare_values(const std::string& what, const nlohmann::json& got,
                      const nlohmann::json& want) const;
  void add(const std::string& difference) const {
    if (!difference.empty()) {
      differences.push_back(difference);
    }
  }
};

// Throws std::runtime_error unless the object has all required fields and no others but optional
// ones: what a reader doesn't know must not be passed over.
void expect_fields(const nlohmann::json& object, std::initializer_list<const char*> required,
                   std::initializer_list<const char*> optional = {});
// Whether it is a field that says what a case is, not what to play.
[[nodiscard]] bool is_description(const std::string& field);

[[nodiscard]] Shape shape_of(const nlohmann::json& dims);
// The int32 numbers 0 … n-1.
[[nodiscard]] Tensor range_of(std::int64_t n);

// Does what the step's `do` says under the current random state and compares the result, and the
// random ops that ran with their seeds and shapes. Throws for what it doesn't know.
[[nodiscard]] Differences play_random_step(const nlohmann::json& step, const GoldenArrays& arrays);

}  // namespace keen::test
