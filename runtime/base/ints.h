// A short list of integers held inline: axes, permutations, sizes in an op's arguments.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {

// At most eight values, trivially copyable. InvalidArgumentError above that.
class Ints {
 public:
  static constexpr int kMaxSize = 8;

  constexpr Ints() = default;
  Ints(std::initializer_list<std::int64_t> values)  // NOLINT
      : Ints(std::span<const std::int64_t>(values.begin(), values.size())) {}
  explicit Ints(std::span<const std::int64_t> values) {
    if (values.size() > kMaxSize) {
      throw InvalidArgumentError(
          text("Ints: a list of ", values.size(), " is above the maximum of 8"));
    }
    for (const std::int64_t value : values) values_[size_++] = value;
  }

  [[nodiscard]] constexpr int size() const { return size_; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  [[nodiscard]] constexpr std::int64_t operator[](int i) const { return values_[i]; }
  [[nodiscard]] constexpr const std::int64_t* begin() const { return values_; }
  [[nodiscard]] constexpr const std::int64_t* end() const { return values_ + size_; }
  [[nodiscard]] constexpr std::span<const std::int64_t> span() const {
    return {values_, static_cast<std::size_t>(size_)};
  }
  void push_back(std::int64_t value) {
    if (size_ == kMaxSize) throw InvalidArgumentError("Ints: a list holds at most 8 values");
    values_[size_++] = value;
  }
  friend constexpr bool operator==(const Ints& a, const Ints& b) {
    if (a.size_ != b.size_) return false;
    for (int i = 0; i < a.size_; ++i) {
      if (a.values_[i] != b.values_[i]) return false;
    }
    return true;
  }

 private:
  std::int64_t values_[kMaxSize] = {};
  int size_ = 0;
};

inline void append_text(std::string& out, const Ints& ints) {
  out += '[';
  for (int i = 0; i < ints.size(); ++i) {
    if (i != 0) out += ", ";
    append_text(out, ints[i]);
  }
  out += ']';
}

}  // namespace keen
