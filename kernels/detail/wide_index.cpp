#include "kernels/detail/wide_index.h"

#include <atomic>

namespace keen::detail {
namespace {

constexpr std::int64_t kDefault = std::int64_t{1} << 31;
constinit std::atomic<std::int64_t> limit{kDefault};

}  // namespace

std::int64_t wide_index_limit() { return limit.load(std::memory_order_relaxed); }

void set_wide_index_limit(std::int64_t elements) {
  limit.store(elements == 0 ? kDefault : elements, std::memory_order_relaxed);
}

}  // namespace keen::detail
