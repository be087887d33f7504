// Convolutions by cuDNN's typed calls.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "runtime/base/dtype.h"
#include "runtime/device/device.h"

namespace keen::device::cuda {

enum class Direction : std::uint8_t { kForward, kBackwardInput, kBackwardFilter };

// x [batch, height, width, in], w [out, height, width, in / groups], y [batch, height, width, out],
// all dense. float32, float64, float16 and bfloat16; the sums of 16-bit types are in float32.
struct Convolution {
  struct Extent {
    std::int64_t input = 0;
    std::int64_t output = 0;
    std::int64_t size = 1;
    std::int64_t stride = 1;
    std::int64_t dilation = 1;
    std::int64_t pad = 0;                                             // at both ends
    friend auto operator<=>(const Extent&, const Extent&) = default;  // NOLINT
  };

  DType dtype = DType::kFloat32;
  Direction direction = Direction::kForward;
  std::int64_t batch = 0;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t groups = 1;
  Extent height;
  Extent width;

  friend auto operator<=>(const Convolution&, const Convolution&) = default;  // NOLINT
};

// What a thread has asked the library for, kept with its handle.
class ConvolutionPlans {
 public:
  ConvolutionPlans();
  ConvolutionPlans(const ConvolutionPlans&) = delete;
  ConvolutionPlans& operator=(const ConvolutionPlans&) = delete;
  ~ConvolutionPlans();

  struct Key {
    Convolution convolution;
    bool tensor_float_32 = false;
    bool timed = false;  // the algorithms, best first, by their times
    friend auto operator<=>(const Key&, const Key&) = default;  // NOLINT
  };
  struct Plan;

 private:
  friend Plan* find_plan(Device, const Convolution&);
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

// How cuDNN does a convolution, for the calling thread until it asks again. Null: cuDNN does not.
// No size is 0.
[[nodiscard]] ConvolutionPlans::Plan* find_plan(Device device, const Convolution& convolution);

enum class Convolved : std::uint8_t { kRefused, kPlain, kWithBias };

// Enqueues y of (x, w), dx of (w, dy) or dw of (x, dy), by the first deterministic algorithm of
// those that cuDNN's heuristics or a search name (convolution_search.h); what it refuses goes to
// the next one. `bias` [out] is added to y in the same call where cuDNN does that; the result
// tells.
[[nodiscard]] Convolved convolve(Device device, ConvolutionPlans::Plan& plan, const void* first,
                                 const void* second, void* result, const void* bias = nullptr);

}  // namespace keen::device::cuda
