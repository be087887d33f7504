// What kernels that only move elements move at a time: units of 1, 2, 4, 8 or 16 bytes.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "runtime/device/cuda/vectors.cuh"

namespace keen::detail {

using device::cuda::global_thread;
using device::cuda::global_threads;
using device::cuda::kLoopBlock;
using device::cuda::launch;
using device::cuda::loop_shape;

using Unit16 = device::cuda::Vector<std::uint32_t, 4>;

// The largest unit of which all these numbers of bytes are multiples; negative ones are fine.
[[nodiscard]] inline std::size_t largest_unit(std::initializer_list<std::int64_t> bytes) {
  std::uint64_t bits = 16;
  for (const std::int64_t each : bytes) bits |= static_cast<std::uint64_t>(each);
  return static_cast<std::size_t>(bits & (~bits + 1));
}

[[nodiscard]] inline std::int64_t address(const void* pointer) {
  return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(pointer));
}

// Calls f.template operator()<Unit>() with the unit of that many bytes.
template <class F>
void visit_units(std::size_t bytes, F&& f) {
  if (bytes == 16) {
    f.template operator()<Unit16>();
  } else {
    device::cuda::visit_bits(bytes, f);
  }
}

}  // namespace keen::detail
