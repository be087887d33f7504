// How kernels walk over [rows, channels]: what batch normalization and sums over channels share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/detail/simd.h"
#include "runtime/device/device_context.h"

// Note [Few channels]
//
// Loops run along a row, so rows of few channels would leave vectors half empty. Several rows are
// taken as one of at least kMinWidth columns, and columns of the same channel are put together at
// the end. Rows that are left over go through the same code, one at a time.

namespace keen::detail {

struct ChannelRows {
  std::int64_t rows = 0;
  std::int64_t channels = 0;
};

// Wide rows, see Note [Few channels].
struct Wide {
  static constexpr std::int64_t kMinWidth = 64;

  explicit Wide(ChannelRows size)
      : fold(size.channels >= kMinWidth ? 1 : (kMinWidth + size.channels - 1) / size.channels),
        width(size.channels * fold),
        rows(size.rows / fold),
        rest(size.rows % fold) {}
  std::int64_t fold;   // rows in a wide one
  std::int64_t width;  // columns of a wide row
  std::int64_t rows;   // wide rows
  std::int64_t rest;   // rows after them
};

// Cut of wide rows into chunks that doesn't depend on the number of threads.
struct Chunks {
  static constexpr std::int64_t kMaxCount = 64;
  static constexpr std::int64_t kMinElements = 8 * 1024;

  explicit Chunks(const Wide& wide)
      : rows(wide.rows),
        count(std::clamp<std::int64_t>(rows * wide.width / kMinElements, rows == 0 ? 0 : 1,
                                       std::min(rows, kMaxCount))) {}
  [[nodiscard]] std::int64_t begin(std::int64_t chunk) const { return rows * chunk / count; }
  std::int64_t rows;
  std::int64_t count;
};

// Threads that work of this size is worth.
[[nodiscard]] inline int threads_for(const device::DeviceContext& device, ChannelRows size) {
  return size.rows * size.channels < 32 * 1024 ? 1 : device.threads();
}

// Calls strip(column, vectors-constant, lanes in the last vector) along `width` columns.
template <class T, class Strip>
void for_each_strip(std::int64_t width, Strip&& strip) {
  constexpr std::int64_t kLanes = Simd<T>::kLanes;
  std::int64_t at = 0;
  for (; at + 4 * kLanes <= width; at += 4 * kLanes) {
    strip(at, std::integral_constant<int, 4>{}, kLanes);
  }
  for (; at < width; at += kLanes) {
    strip(at, std::integral_constant<int, 1>{}, std::min(kLanes, width - at));
  }
}

// The first `lanes` elements at p.
template <class T>
[[nodiscard]] auto load_first(const T* p, std::int64_t lanes) {
  using S = Simd<T>;
  return lanes == S::kLanes ? S::load(p) : S::load(p, S::first(lanes));
}

// Rows of a block that stays in half of a first-level cache, at most 256, so that sums of a block
// in float keep their digits.
template <class T>
[[nodiscard]] std::int64_t block_rows(std::int64_t width) {
  constexpr std::int64_t kBytes = 16 * 1024;
  return std::clamp<std::int64_t>(kBytes / (width * static_cast<std::int64_t>(sizeof(T))), 1, 256);
}

}  // namespace keen::detail
