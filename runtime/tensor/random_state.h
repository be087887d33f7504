#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "runtime/base/dtype.h"
#include "runtime/tensor/kernel_counters.h"
#include "runtime/tensor/philox.h"
#include "runtime/tensor/python_generator.h"

namespace keen::random {

// The two seeds of a stateful random op. Both zero: the op starts where nobody can predict.
struct OpSeeds {
  std::int64_t seed = 0;
  std::int64_t seed2 = 0;

  friend constexpr bool operator==(const OpSeeds&, const OpSeeds&) = default;
};

// TensorFlow's rule (get_seed): how a global seed and an op seed, each of which may be missing,
// make the pair that an op gets. `next_op_seed` is asked, once, for an op seed where there is a
// global seed only: eager execution draws it from a stream, a graph counts.
template <class NextOpSeed>
[[nodiscard]] OpSeeds combine_seeds(std::optional<std::int64_t> global_seed,
                                    std::optional<std::int64_t> op_seed,
                                    NextOpSeed&& next_op_seed) {
  constexpr std::int64_t kModulus = 2147483647;  // 2^31 - 1
  constexpr std::int64_t kDefaultGlobalSeed = 87654321;
  const auto modulo = [](std::int64_t seed) {  // Python's: never negative
    return (seed % kModulus + kModulus) % kModulus;
  };
  if (!global_seed && !op_seed) {
    return {};
  }
  const OpSeeds seeds{global_seed ? modulo(*global_seed) : kDefaultGlobalSeed,
                      modulo(op_seed ? *op_seed : next_op_seed())};
  return seeds == OpSeeds{} ? OpSeeds{0, kModulus} : seeds;
}

// What the random ops of a context share: the global seed, the stream that eager ops without a seed
// of their own draw from, the stream of Keras' initializers, and how far each kernel has come.
// Contexts hold it by handle, so that threads started from one share it. Every member may be called
// from any thread.
class RandomState {
 public:
  // Nothing is seeded: ops without seeds differ from run to run.
  RandomState();

  // tf.random.set_seed: the stream of op seeds starts again and every kernel forgets its counter.
  void set_seed(std::int64_t seed);
  // The Keras part of keras.utils.set_random_seed.
  void set_keras_seed(std::int64_t seed);
  [[nodiscard]] std::optional<std::int64_t> seed() const;

  // get_seed in eager execution. Takes one number from the stream if there is a global seed and no
  // op seed.
  [[nodiscard]] OpSeeds get_seed(std::optional<std::int64_t> op_seed);
  // The integer that a Keras initializer without a seed takes: randint(1, 1000000000) of its
  // stream.
  [[nodiscard]] std::int64_t next_keras_seed();

  // Where the kernel of (op, dtype, seeds) goes on, and moves it `blocks` blocks further. `op` is
  // any address that stands for the op.
  [[nodiscard]] PhiloxState reserve(const void* op, DType dtype, const OpSeeds& seeds,
                                    std::uint64_t blocks);

 private:
  mutable std::mutex mutex_;
  std::optional<std::int64_t> seed_;
  PythonGenerator op_seeds_;  // means something only where seed_ is set
  PythonGenerator keras_seeds_;
  PhiloxState unseeded_;  // one unpredictable stream for all ops without seeds
  KernelCounters counters_;
};

// A place that nobody can predict.
[[nodiscard]] PhiloxState unpredictable_start();

// The counter of one random op of a function being traced: it lives as long as the trace and moves
// on with every run. May be used from any thread.
class NodeStream {
 public:
  explicit NodeStream(const OpSeeds& seeds);

  // Where this run begins; the next one begins `blocks` blocks further on.
  [[nodiscard]] PhiloxState reserve(std::uint64_t blocks) {
    return start_.skipped(used_.fetch_add(blocks, std::memory_order_relaxed));
  }

 private:
  PhiloxState start_;
  std::atomic<std::uint64_t> used_{0};
};

// The state of the current context: that of the process unless RandomStateScope replaced it.
[[nodiscard]] RandomState& current_random_state();

// Gives the current context, and those copied from it meanwhile, a state of their own for the block
// that the object lives in.
class [[nodiscard]] RandomStateScope {
 public:
  explicit RandomStateScope(std::shared_ptr<RandomState> state = std::make_shared<RandomState>());
  RandomStateScope(const RandomStateScope&) = delete;
  RandomStateScope& operator=(const RandomStateScope&) = delete;
  ~RandomStateScope();

 private:
  std::shared_ptr<RandomState> saved_;
};

// tf.random.set_seed on the current state.
void set_seed(std::int64_t seed);

}  // namespace keen::random
