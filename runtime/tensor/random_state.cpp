#include "runtime/tensor/random_state.h"

#include <random>
#include <utility>

#include "runtime/tensor/context.h"

namespace keen::random {
namespace {

std::uint64_t entropy() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

ContextSlot<RandomState>& slot() {
  static ContextSlot<RandomState> slot;
  return slot;
}

}  // namespace

PhiloxState unpredictable_start() { return {entropy(), entropy(), entropy()}; }

RandomState::RandomState()
    : op_seeds_(0),
      keras_seeds_(static_cast<std::int64_t>(entropy())),
      unseeded_(unpredictable_start()) {}

void RandomState::set_seed(std::int64_t seed) {
  const std::lock_guard lock(mutex_);
  seed_ = seed;
  op_seeds_ = PythonGenerator(seed);
  counters_.clear();
}

void RandomState::set_keras_seed(std::int64_t seed) {
  const std::lock_guard lock(mutex_);
  keras_seeds_ = PythonGenerator(seed);
}

std::optional<std::int64_t> RandomState::seed() const {
  const std::lock_guard lock(mutex_);
  return seed_;
}

OpSeeds RandomState::get_seed(std::optional<std::int64_t> op_seed) {
  const std::lock_guard lock(mutex_);
  return combine_seeds(seed_, op_seed, [this] { return op_seeds_.randint(0, 2147483647); });
}

std::int64_t RandomState::next_keras_seed() {
  const std::lock_guard lock(mutex_);
  return keras_seeds_.randint(1, 1'000'000'000);
}

PhiloxState RandomState::reserve(const void* op, DType dtype, const OpSeeds& seeds,
                                 std::uint64_t blocks) {
  const std::lock_guard lock(mutex_);
  if (seeds == OpSeeds{}) {
    const PhiloxState start = unseeded_;
    unseeded_ = unseeded_.skipped(blocks);
    return start;
  }
  std::uint64_t& used = counters_[{op, seeds.seed, seeds.seed2, dtype}];
  const PhiloxState start = stateful_start(seeds.seed, seeds.seed2).skipped(used);
  used += blocks;
  return start;
}

NodeStream::NodeStream(const OpSeeds& seeds)
    : start_(seeds == OpSeeds{} ? unpredictable_start() : stateful_start(seeds.seed, seeds.seed2)) {
}

RandomState& current_random_state() {
  static RandomState of_process;
  RandomState* state = slot().peek();
  return state != nullptr ? *state : of_process;
}

RandomStateScope::RandomStateScope(std::shared_ptr<RandomState> state) : saved_(slot().get()) {
  slot().set(std::move(state));
}

RandomStateScope::~RandomStateScope() { slot().set(std::move(saved_)); }

void set_seed(std::int64_t seed) { current_random_state().set_seed(seed); }

}  // namespace keen::random
