#include "tests/sim/core/machine.h"

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "tests/sim/core/settings.h"

namespace keen::sim {

namespace {

// How many threads the process has (Linux: one entry of /proc/self/task each).
int process_threads() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
    count += entry.path().empty() ? 0 : 1;
  return count;
}

}  // namespace

Machine& Machine::get() {
  static auto* machine = new Machine;  // outlives everything: handles are used until the very end
  return *machine;
}

Machine::Machine() : seed_(settings().seed), random_(seed_) {}

void Machine::lock() {
  std::unique_lock held(mutex_);
  const auto me = std::this_thread::get_id();
  changed_.wait(held, [&] { return depth_ == 0 || owner_ == me; });
  owner_ = me;
  ++depth_;
  ++calls_;
}

void Machine::unlock() {
  const std::lock_guard held(mutex_);
  if (--depth_ == 0) {
    owner_ = {};
    changed_.notify_all();
  }
}

bool Machine::wait(const std::function<bool()>& done, const std::function<bool()>& step) {
  thread();  // a thread that waits is a known one
  while (!done()) {
    if (step()) continue;
    std::unique_lock held(mutex_);
    // Threads that have never called in may still do so.
    if (sleeping_threads_ + 1 == known_threads_ && process_threads() <= known_threads_)
      return false;
    const int depth = depth_;
    const unsigned long calls = calls_;
    const auto me = std::this_thread::get_id();
    depth_ = 0;
    owner_ = {};
    ++sleeping_threads_;
    changed_.notify_all();
    const bool woken = changed_.wait_for(held, std::chrono::seconds(settings().stall_seconds), [&] {
      return depth_ == 0 && (calls_ != calls || sleeping_threads_ == known_threads_);
    });
    --sleeping_threads_;
    changed_.wait(held, [&] { return depth_ == 0; });
    owner_ = me;
    depth_ = depth;
    ++calls_;
    held.unlock();
    if (!woken && !done() && !step()) return false;
  }
  return true;
}

unsigned Machine::random(unsigned bound) { return bound <= 1 ? 0 : random_() % bound; }

void Machine::reseed(unsigned seed) {
  seed_ = seed;
  random_.seed(seed);
}

void Machine::report(const std::string& kind, const std::string& text) {
  findings_.push_back(kind + ": " + text);
  ++counters.findings;
  if (settings().verbose) std::fprintf(stderr, "cudasim: %s\n", findings_.back().c_str());
}

void Machine::clear_findings() {
  findings_.clear();
  counters.findings = 0;
}

void Machine::set_sticky(cudaError_t error) {
  if (sticky_ == cudaSuccess) sticky_ = error;
}

Machine::Thread& Machine::thread() {
  thread_local Thread thread;
  const Machine& machine = get();
  if (thread.endings != machine.endings_) {
    thread.clock.join(machine.ended_threads_);
    thread.endings = machine.endings_;
  }
  return thread;
}

Machine::Thread::Thread() {
  Machine& machine = get();
  const Guard guard(machine);
  actor = machine.new_actor();
  for (const Thread* other : machine.living_threads_) clock.join(other->clock);
  clock.join(machine.ended_threads_);
  endings = machine.endings_;
  machine.living_threads_.insert(this);
  const std::lock_guard held(machine.mutex_);
  ++machine.known_threads_;
}

Machine::Thread::~Thread() {
  Machine& machine = get();
  const Guard guard(machine);
  machine.ended_threads_.join(clock);
  ++machine.endings_;
  machine.living_threads_.erase(this);
  const std::lock_guard held(machine.mutex_);
  --machine.known_threads_;
}

void Machine::host_release(const void* object) { announced_[object].join(thread().clock); }

void Machine::host_acquire(const void* object) { thread().clock.join(announced_[object]); }

}  // namespace keen::sim
