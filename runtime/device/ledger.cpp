#include "runtime/device/ledger.h"

#include <mutex>
#include <vector>

#include "runtime/base/text.h"

namespace keen::device {
namespace {

using detail::ThreadCounts;

struct Registry {
  std::mutex mutex;
  std::vector<ThreadCounts*> threads;
  ThreadCounts gone;  // sums of the threads that have ended; also for what an ending thread counts
};

// Never destroyed: threads may end after static variables are gone.
Registry& registry() {
  static auto* all = new Registry;
  return *all;
}

void add(const ThreadCounts& from, ThreadCounts& to) {
  for (std::size_t d = 0; d < from.values.size(); ++d) {
    for (std::size_t i = 0; i < kCounts; ++i) {
      to.values[d][i].fetch_add(from.values[d][i].load(std::memory_order_relaxed),
                                std::memory_order_relaxed);
    }
  }
}

struct ThreadExit {
  ThreadExit() = default;
  ThreadExit(const ThreadExit&) = delete;
  ThreadExit& operator=(const ThreadExit&) = delete;
  ~ThreadExit() {
    ThreadCounts* mine = detail::thread_counts;
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    add(*mine, all.gone);
    std::erase(all.threads, mine);
    detail::thread_counts = &all.gone;
    delete mine;
  }
};

LedgerCounts sums(Device device) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  LedgerCounts result;
  const std::size_t index = detail::ledger_index(device);
  const auto take = [&](const ThreadCounts& counts) {
    for (std::size_t i = 0; i < kCounts; ++i) {
      result.values[i] += counts.values[index][i].load(std::memory_order_relaxed);
    }
  };
  take(all.gone);
  for (const ThreadCounts* each : all.threads) take(*each);
  return result;
}

constexpr const char* kNames[] = {"ops",
                                  "launches",
                                  "library calls",
                                  "allocations",
                                  "synchronisations",
                                  "bytes to the device",
                                  "bytes to the host",
                                  "bytes between devices",
                                  "implicit copies",
                                  "retraces",
                                  "collectives"};
static_assert(std::size(kNames) == kCounts);

}  // namespace

detail::ThreadCounts* detail::open_thread_counts() {
  static thread_local ThreadExit at_exit;
  static_cast<void>(at_exit);
  auto* mine = new ThreadCounts;
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.threads.push_back(mine);
  thread_counts = mine;
  return mine;
}

void append_text(std::string& out, const LedgerCounts& counts) {
  bool first = true;
  for (std::size_t i = 0; i < kCounts; ++i) {
    if (counts.values[i] == 0) continue;
    if (!first) out += ", ";
    first = false;
    out += text(kNames[i], " ", counts.values[i]);
  }
  if (first) out += "nothing";
}

Ledger::Ledger(Device device) : device_(device), start_(sums(device)) {}

LedgerCounts Ledger::counts() const {
  LedgerCounts now = sums(device_);
  for (std::size_t i = 0; i < kCounts; ++i) now.values[i] -= start_.values[i];
  return now;
}

}  // namespace keen::device
