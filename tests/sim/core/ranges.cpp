#include "tests/sim/core/ranges.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace keen::sim {
namespace {

struct Range {
  const void* domain;
  std::string name;
};

std::vector<Range>& open_ranges() {
  thread_local std::vector<Range> ranges;
  return ranges;
}

int count_of(const void* domain) {
  return static_cast<int>(std::ranges::count(open_ranges(), domain, &Range::domain));
}

}  // namespace

int push_range(const void* domain, std::string name) {
  open_ranges().push_back({domain, std::move(name)});
  return count_of(domain) - 1;
}

int pop_range(const void* domain) {
  auto& ranges = open_ranges();
  const auto last = std::find_if(ranges.rbegin(), ranges.rend(),
                                 [&](const Range& range) { return range.domain == domain; });
  if (last == ranges.rend()) return -1;
  ranges.erase(std::next(last).base());
  return count_of(domain);
}

const std::string* innermost_range() {
  const auto& ranges = open_ranges();
  return ranges.empty() ? nullptr : &ranges.back().name;
}

}  // namespace keen::sim
