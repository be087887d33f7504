#include "tests/sim/core/machine.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "tests/sim/core/settings.h"

namespace keen::sim {

namespace {

// The thread sanitizer keeps a thread of its own, which never calls in.
#ifdef __SANITIZE_THREAD__
constexpr int kSanitizerThreads = 1;
#else
constexpr int kSanitizerThreads = 0;
#endif

// How many threads the program has (Linux: one entry of /proc/self/task each).
int process_threads() {
  int count = -kSanitizerThreads;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task"))
    count += entry.path().empty() ? 0 : 1;
  return count;
}

// Kept by a plain pointer, and ended by a key of pthreads rather than by a destructor: destructors
// of thread-local and static objects may still make calls.
thread_local Machine::Thread* t_thread = nullptr;

bool is_main_thread() { return gettid() == getpid(); }

}  // namespace

// Programming Guide, "Initialization": CUDA interfaces must not be used after main. exit() destroys
// the thread-local objects of its thread, of which this one goes last, and then all static ones.
struct ProcessEnd {
  ~ProcessEnd() {
    if (is_main_thread()) Machine::begin_exit();
  }
};

namespace {

__attribute__((constructor)) void watch_for_exit() { thread_local const ProcessEnd kEnd; }

}  // namespace

Machine& Machine::get() {
  static auto* machine = new Machine;  // outlives everything: handles are used until the very end
  return *machine;
}

void Machine::begin_exit() { get().exiting_ = true; }

Machine::Machine() : seed_(settings().seed), random_(seed_) {
  pthread_key_create(&thread_key_, end_thread);
}

void Machine::lock() {
  std::unique_lock held(mutex_);
  if (depth_ > 0 && owner_ == std::this_thread::get_id()) {
    ++depth_;
    return;
  }
  take_back(held, 1);
  note_event();
}

void Machine::unlock() {
  const std::lock_guard held(mutex_);
  if (depth_ == 1) {
    give_up();
  } else {
    --depth_;
  }
}

int Machine::give_up() {
  owner_ = {};
  changed_.notify_all();
  return std::exchange(depth_, 0);
}

void Machine::take_back(std::unique_lock<std::mutex>& held, int depth) {
  changed_.wait(held, [&] { return depth_ == 0; });
  owner_ = std::this_thread::get_id();
  depth_ = depth;
}

void Machine::note_event() {
  ++events_;
  sleeping_threads_ = 0;
}

void Machine::run_unlocked(const std::function<void()>& work) {
  std::unique_lock held(mutex_);
  const int depth = give_up();
  held.unlock();
  work();
  held.lock();
  take_back(held, depth);
  note_event();
}

// Until an event. False: there can be none, or there was none for too long.
bool Machine::sleep() {
  std::unique_lock held(mutex_);
  // Threads that have never called in may still do so.
  if (sleeping_threads_ + 1 >= known_threads_ && process_threads() <= known_threads_) return false;
  const unsigned long seen = events_;
  ++sleeping_threads_;
  const int depth = give_up();
  const auto limit = std::chrono::seconds(settings().stall_seconds);
  changed_.wait_for(held, limit, [&] { return events_ != seen; });
  const bool woken = events_ != seen;
  if (!woken) --sleeping_threads_;
  take_back(held, depth);
  return woken;
}

bool Machine::wait(const std::function<bool()>& done, const std::function<bool()>& step) {
  thread();  // a thread that waits is a known one
  bool possible = true;
  bool holds = done();
  while (!holds && possible) {
    if (step()) {
      const std::lock_guard held(mutex_);
      note_event();
    } else {
      possible = sleep();
    }
    holds = done();
  }
  const std::lock_guard held(mutex_);
  note_event();
  return holds;
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
  if (t_thread == nullptr) {
    // Where another thread than the main one calls exit(), what was registered last goes first.
    static const bool kWatched = std::atexit(begin_exit) == 0;
    if (!kWatched) std::abort();
    t_thread = new Thread;
    pthread_setspecific(get().thread_key_, t_thread);
  }
  const Machine& machine = get();
  if (t_thread->endings != machine.endings_) {
    t_thread->clock.join(machine.ended_threads_);
    t_thread->endings = machine.endings_;
  }
  return *t_thread;
}

void Machine::end_thread(void* thread) {
  t_thread = nullptr;
  delete static_cast<Thread*>(thread);
  // The main thread has ended alone: the others go on.
  if (is_main_thread()) get().exiting_ = false;
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

Clock& Machine::known() {
  Thread& here = thread();
  return here.host_function != nullptr ? *here.host_function : here.clock;
}

void Machine::host_release(const void* object) { announced_[object].join(known()); }

void Machine::host_acquire(const void* object) { known().join(announced_[object]); }

}  // namespace keen::sim
