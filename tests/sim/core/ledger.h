#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace keen::sim {

// What is counted by name: see cudasim_count_at. Under the lock of Machine.
class Ledger {
 public:
  static Ledger& get();

  // A call of an API function; those that make objects raise the counter of these too.
  void call(std::string_view api);
  // A piece of work that a device was given, within the range that the thread opened last.
  void operation(std::string_view name);

  using Rows = std::map<std::string, long long, std::less<>>;
  // Null: what is not one of cudasim_calls, cudasim_operations, cudasim_ranges.
  const Rows* rows(int what) const;
  void reset();

 private:
  Rows calls_, operations_, ranges_;
};

// The counters and what is counted by name, on stderr.
void print_counters();

}  // namespace keen::sim
