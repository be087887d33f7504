#pragma once
#include <driver_types.h>
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/core/clock.h"
#include "tests/sim/cudasim.h"

namespace keen::sim {

// The state that all parts share, and the one lock over it. Every entry of an API holds the lock
// (Guard); simulated work runs on the host thread that happens to wait for it, under the lock.
class Machine {
 public:
  static Machine& get();

  // Recursive. A thread that waits for another host thread gives the lock up entirely.
  void lock();
  void unlock();

  // Runs work until `done` holds: `step` runs one piece of simulated work that is ready and says
  // whether there was one. Where there is none, the thread sleeps until another host thread has
  // called into an API. False: all host threads that have ever called in and still live have looked
  // since anything happened and are asleep here (or nothing happened for settings().stall_seconds),
  // so that nothing can come any more.
  bool wait(const std::function<bool()>& done, const std::function<bool()>& step);

  // Runs `work` of the program's own without the lock: other host threads may call in meanwhile.
  void run_unlocked(const std::function<void()>& work);

  // Whether the process has begun to exit: main has returned or exit() was called.
  bool exiting() const { return exiting_; }

  // A number below `bound`, from the seed.
  unsigned random(unsigned bound);
  void reseed(unsigned seed);
  unsigned seed() const { return seed_; }  // the last one that was set

  // ---- Findings: what hardware would not report, or not here ------------------------------------
  // kind: one word or two ("race", "out-of-bounds", "capture"); text: who, what, where.
  void report(const std::string& kind, const std::string& text);
  const std::vector<std::string>& findings() const { return findings_; }
  void clear_findings();

  // ---- Errors -----------------------------------------------------------------------------------
  // The first fault of a kernel poisons the process: every later call returns it.
  cudaError_t sticky() const { return sticky_; }
  void set_sticky(cudaError_t error);
  void clear_sticky() { sticky_ = cudaSuccess; }

  // ---- This host thread -------------------------------------------------------------------------
  struct Thread {
    Thread();
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    int device = 0;
    cudaError_t last_error = cudaSuccess;
    Actor actor = 0;
    Clock clock;                // what this thread knows to have finished
    unsigned long endings = 0;  // of threads, up to which `clock` holds what they knew
    // Inside a host function: what comes before its place in the stream. Else null.
    Clock* host_function = nullptr;
  };
  static Thread& thread();  // under the lock

  // A new thread starts with what all threads knew, and what an ended one knew is known to all.
  // Between living threads nothing is known but what these two say, or a CUDA synchronisation.
  void host_release(const void* object);
  void host_acquire(const void* object);

  Actor new_actor() { return ++actors_; }

  cudasim_counters counters{};

 private:
  friend struct ProcessEnd;
  Machine();
  static void end_thread(void* thread);
  static void begin_exit();
  static Clock& known();
  // Of the lock's holder, under mutex_.
  int give_up();
  void take_back(std::unique_lock<std::mutex>& held, int depth);
  void note_event();
  bool sleep();

  pthread_key_t thread_key_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread::id owner_{};
  int depth_ = 0;
  int known_threads_ = 0;
  // What may let a waiting thread go on: a call, work that was run, a wait that ended.
  unsigned long events_ = 0;
  int sleeping_threads_ = 0;  // those that have looked since the last event, in vain
  std::atomic<bool> exiting_ = false;
  unsigned seed_;
  std::mt19937 random_;
  std::vector<std::string> findings_;
  cudaError_t sticky_ = cudaSuccess;
  Actor actors_ = 0;
  std::set<const Thread*> living_threads_;
  Clock ended_threads_;
  unsigned long endings_ = 0;  // of threads
  std::map<const void*, Clock> announced_;
};

using Guard = std::lock_guard<Machine>;

}  // namespace keen::sim
