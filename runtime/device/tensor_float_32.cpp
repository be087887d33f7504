#include <atomic>

#include "runtime/device/config.h"

namespace keen::config::experimental {
namespace {

constinit std::atomic<bool> allowed{false};

}  // namespace

void enable_tensor_float_32_execution(bool enabled) {
  allowed.store(enabled, std::memory_order_relaxed);
}

bool tensor_float_32_execution_enabled() { return allowed.load(std::memory_order_relaxed); }

}  // namespace keen::config::experimental
