#include <atomic>

#include "runtime/device/config.h"

namespace keen::config::experimental {
namespace {

constinit std::atomic<bool> enabled{false};

}  // namespace

void enable_op_determinism() { enabled.store(true, std::memory_order_relaxed); }

void disable_op_determinism() { enabled.store(false, std::memory_order_relaxed); }

bool is_op_determinism_enabled() { return enabled.load(std::memory_order_relaxed); }

}  // namespace keen::config::experimental
