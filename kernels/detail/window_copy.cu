#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels/detail/fast_divide.h"
#include "kernels/detail/units.cuh"
#include "kernels/detail/wide_index.h"
#include "kernels/detail/window_copy.h"

namespace keen::detail {
namespace {

constexpr int kMaxRank = Shape::kMaxRank;

struct WindowPlan {
  std::int64_t n = 0;
  int rank = 0;
  bool wide = false;
  FastDivisor fast_dims[kMaxRank] = {};
  FastDivisor fast_steps[kMaxRank] = {};
  std::int64_t dims[kMaxRank] = {};
  std::int64_t begins[kMaxRank] = {};
  std::int64_t steps[kMaxRank] = {};  // negative: the input runs backwards
  std::int64_t counts[kMaxRank] = {};
};

// Where element `index` of the output comes from; negative: from nowhere.
__device__ inline std::int64_t source_of(const WindowPlan& plan, std::int64_t index) {
  std::int64_t offset = 0;
  std::int64_t size = 1;  // of the dimensions passed
  for (int d = plan.rank - 1; d >= 0; --d) {
    std::int64_t distance;
    std::int64_t place;
    if (plan.wide) {
      const std::int64_t rest = index / plan.dims[d];
      distance = index - rest * plan.dims[d] - plan.begins[d];
      index = rest;
      place = distance / plan.steps[d];
      if (place * plan.steps[d] != distance) return -1;
    } else {
      const std::uint32_t rest = plan.fast_dims[d].divide(static_cast<std::uint32_t>(index));
      const std::uint32_t at = static_cast<std::uint32_t>(index) - rest * plan.fast_dims[d].divisor;
      index = rest;
      distance = static_cast<std::int32_t>(at) - static_cast<std::int32_t>(plan.begins[d]);
      if (plan.steps[d] < 0) distance = -distance;
      if (distance < 0) return -1;
      const std::uint32_t quotient =
          plan.fast_steps[d].divide(static_cast<std::uint32_t>(distance));
      if (quotient * plan.fast_steps[d].divisor != static_cast<std::uint32_t>(distance)) return -1;
      place = quotient;
    }
    if (place < 0 || place >= plan.counts[d]) return -1;
    offset += place * size;
    size *= plan.counts[d];
  }
  return offset;
}

template <class Unit>
__global__ void __launch_bounds__(kLoopBlock)
    window_kernel(const Unit* from, Unit* to, Unit value, const __grid_constant__ WindowPlan plan) {
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const std::int64_t source = source_of(plan, i);
    to[i] = source < 0 ? value : from[source];
  }
}

}  // namespace

void WindowCopy::run_gpu(Device device, const void* from, void* to, std::size_t element_bytes,
                         std::uint64_t value) const {
  auto dims = dims_;
  const int rank = std::max(rank_, 1);
  if (rank_ == 0) dims[0] = {.size = 1, .count = 1};
  std::int64_t n = 1;
  for (int d = 0; d < rank; ++d) n *= dims[static_cast<std::size_t>(d)].size;
  if (n == 0) return;
  WindowPlan plan{.rank = rank, .wide = n >= wide_index_limit()};
  Dim& inner = dims[static_cast<std::size_t>(rank - 1)];
  const auto bytes = static_cast<std::int64_t>(element_bytes);
  std::size_t unit = element_bytes;
  if (inner.stride == 1) {
    unit = largest_unit(
        {address(from), address(to), inner.size * bytes, inner.begin * bytes, inner.count * bytes});
    const std::int64_t factor = static_cast<std::int64_t>(unit) / bytes;
    inner = {inner.size / factor, inner.begin / factor, 1, inner.count / factor};
    n /= factor;
  }
  plan.n = n;
  for (int d = 0; d < rank; ++d) {
    const Dim& dim = dims[static_cast<std::size_t>(d)];
    plan.dims[d] = dim.size;
    plan.begins[d] = dim.begin;
    plan.steps[d] = dim.stride;
    plan.counts[d] = dim.count;
    if (plan.wide) continue;
    plan.fast_dims[d] = FastDivisor(dim.size);
    plan.fast_steps[d] = FastDivisor(std::min(std::abs(dim.stride), dim.size));
  }
  unsigned char repeated[16];
  for (std::size_t i = 0; i < sizeof repeated; i += element_bytes) {
    std::memcpy(repeated + i, &value, element_bytes);
  }
  visit_units(unit, [&]<class Unit>() {
    Unit bits;
    std::memcpy(&bits, repeated, sizeof bits);
    launch<window_kernel<Unit>>(device, loop_shape(device, n, 1), static_cast<const Unit*>(from),
                                static_cast<Unit*>(to), bits, plan);
  });
}

}  // namespace keen::detail
