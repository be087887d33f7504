// Parts of the kernels of pools: windows, and a thread's pixel and channels.
//
// A thread takes a pixel, of the output or, for gradients of inputs, of the input, and some of its
// channels.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/detail/compute_type.h"
#include "kernels/detail/fast_divide.h"
#include "runtime/device/cuda/vectors.cuh"

namespace keen::detail::pools {

using device::cuda::Vector;

// The lowest finite value of T.
template <class T>
__device__ Compute<T> lowest() {
  if constexpr (std::is_same_v<T, double>) return -1.7976931348623157e308;
  if constexpr (std::is_same_v<T, half>) return -65504.0F;
  if constexpr (std::is_same_v<T, bfloat16>) return -3.3895313892515355e38F;
  return -3.4028234663852886e38F;
}

struct Side {
  int input;
  int output;
  int size;
  int stride;
  int pad;
};

struct PoolPlan {
  Side height;
  Side width;
  std::int64_t n = 0;  // threads' pieces of work
  std::int64_t channels = 0;
  std::int64_t vectors = 0;  // of a pixel
  int pixel_width = 1;       // of the array whose pixels threads take
  int pixel_height = 1;
  bool wide = false;     // indices need 64 bits
  bool aligned = false;  // vectors can be read and written whole
  FastDivisor by_vectors, by_width, by_height;
};

// The part of a window that lies on the array, or the windows that hold a pixel.
struct Span {
  int begin;
  int end;
  __device__ int size() const { return max(0, end - begin); }
};

__device__ inline Span window_span(const Side& side, int output) {
  const int start = output * side.stride - side.pad;
  return {max(start, 0), min(start + side.size, side.input)};
}

__device__ inline Span windows_of(const Side& side, int input) {
  const int place = input + side.pad;
  const int first = place - side.size + 1;
  return {first <= 0 ? 0 : (first + side.stride - 1) / side.stride,
          min(place / side.stride + 1, side.output)};
}

// A pixel and some of its channels.
struct Place {
  std::int64_t image;
  int y, x;
  std::int64_t channel;

  __device__ Place(const PoolPlan& plan, std::int64_t i) {
    const auto split = [&](const FastDivisor& fast, std::int64_t by, std::int64_t* value) {
      const std::int64_t quotient =
          plan.wide ? *value / by : fast.divide(static_cast<std::uint32_t>(*value));
      const std::int64_t rest = *value - quotient * by;
      *value = quotient;
      return rest;
    };
    channel = split(plan.by_vectors, plan.vectors, &i);
    x = static_cast<int>(split(plan.by_width, plan.pixel_width, &i));
    y = static_cast<int>(split(plan.by_height, plan.pixel_height, &i));
    image = i;
  }
};

// Channels of a thread: 16 bytes, four at most, for which there are registers.
template <class T>
inline constexpr int kLanes = sizeof(T) == 8 ? 2 : 4;

// The channels of a thread in one of the arrays.
template <class T>
class Lanes {
 public:
  static constexpr int kCount = kLanes<T>;
  using Values = Vector<T, kCount>;

  __device__ Lanes(const PoolPlan& plan, const Place& place)
      : plan_(plan),
        image_(place.image),
        channel_(place.channel * kCount),
        count_(plan.channels - channel_ < kCount ? static_cast<int>(plan.channels - channel_)
                                                 : kCount) {}
  [[nodiscard]] __device__ Values load(const T* from, int height, int width, int y, int x) const {
    const std::int64_t at = offset(height, width, y, x);
    if (plan_.aligned) return *reinterpret_cast<const Values*>(from + at);
    Values values;
    for (int k = 0; k < kCount; ++k) values.values[k] = k < count_ ? from[at + k] : T(0.0F);
    return values;
  }
  [[nodiscard]] __device__ Values input(const T* from, int y, int x) const {
    return load(from, plan_.height.input, plan_.width.input, y, x);
  }
  [[nodiscard]] __device__ Values output(const T* from, int y, int x) const {
    return load(from, plan_.height.output, plan_.width.output, y, x);
  }
  // To the pixel that the thread has taken.
  __device__ void store(T* to, const Place& place, const Compute<T> (&result)[kCount]) const {
    const std::int64_t at = offset(plan_.pixel_height, plan_.pixel_width, place.y, place.x);
    Values values;
    for (int k = 0; k < kCount; ++k) values.values[k] = static_cast<T>(result[k]);
    if (plan_.aligned) {
      *reinterpret_cast<Values*>(to + at) = values;
      return;
    }
    for (int k = 0; k < kCount; ++k) {
      if (k < count_) to[at + k] = values.values[k];
    }
  }

 private:
  [[nodiscard]] __device__ std::int64_t offset(int height, int width, int y, int x) const {
    return ((image_ * height + y) * width + x) * plan_.channels + channel_;
  }

  const PoolPlan& plan_;
  std::int64_t image_;
  std::int64_t channel_;
  int count_;
};

// Finds the first maximum of each channel of a window, as TensorFlow does: a nan counts if it comes
// first. `places` are y * width + x; -1 if the window is empty.
template <class T>
__device__ void find_maxima(const PoolPlan& plan, const Lanes<T>& lanes, const T* x,
                            const Span& rows, const Span& columns,
                            int (&places)[Lanes<T>::kCount]) {
  constexpr int kCount = Lanes<T>::kCount;
  Compute<T> best[kCount] = {};
  for (int k = 0; k < kCount; ++k) places[k] = -1;
  for (int y = rows.begin; y < rows.end; ++y) {
    for (int at = columns.begin; at < columns.end; ++at) {
      const auto values = lanes.input(x, y, at);
      for (int k = 0; k < kCount; ++k) {
        const auto value = static_cast<Compute<T>>(values.values[k]);
        if (places[k] >= 0 && !(best[k] < value)) continue;
        best[k] = value;
        places[k] = y * plan.width.input + at;
      }
    }
  }
}

}  // namespace keen::detail::pools
