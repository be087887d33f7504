#include <algorithm>

#include "kernels/detail/channel_bias.h"
#include "kernels/detail/conv_gpu.h"
#include "kernels/detail/gpu_choice.h"
#include "kernels/detail/strided_copy.h"
#include "kernels/detail/window_copy.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/buffer.h"
#include "runtime/device/cuda/dnn_convolution.h"
#include "runtime/device/cuda/launch.h"

// Note [Convolution by cuDNN]
//
// cuDNN pads both ends alike, TensorFlow's SAME often does not: what the two ends share is cuDNN's
// padding, the rest is padded to a copy of x, or cropped from a larger dx. Its filters for
// channels-last tensors are [out, height, width, in], the transpose of TensorFlow's as a matrix of
// [height * width * in, out], which the filter's buffer keeps until the filter changes.

namespace keen::detail {
namespace {

using device::cuda::Convolution;
using device::cuda::Convolved;

// Padding of one dimension beyond what cuDNN takes.
struct Extra {
  explicit Extra(const Window& w)
      : shared(std::min(w.pad_before, w.pad_after)),
        before(w.pad_before - shared),
        after(w.pad_after - shared) {}
  [[nodiscard]] bool any() const { return before != 0 || after != 0; }
  std::int64_t shared, before, after;
};

Convolution::Extent extent_of(const Window& w, const Extra& extra) {
  return {
      w.input + extra.before + extra.after, w.output, w.size, w.stride, w.dilation, extra.shared};
}

device::cuda::Direction direction_of(ConvDirection direction) {
  switch (direction) {
    case ConvDirection::kForward:
      return device::cuda::Direction::kForward;
    case ConvDirection::kBackwardInput:
      return device::cuda::Direction::kBackwardInput;
    default:
      return device::cuda::Direction::kBackwardFilter;
  }
}

class LibraryConv {
 public:
  LibraryConv(device::DeviceContext& device, const ConvCall& call)
      : device_(device),
        call_(call),
        shape_(call.shape),
        bytes_(size_of(call.dtype)),
        rows_(shape_.height),
        columns_(shape_.width),
        convolution_{.dtype = call.dtype,
                     .direction = direction_of(call.direction),
                     .batch = shape_.batch,
                     .in_channels = shape_.in_channels,
                     .out_channels = shape_.out_channels,
                     .groups = shape_.groups,
                     .height = extent_of(shape_.height, rows_),
                     .width = extent_of(shape_.width, columns_)} {}

  // False: cuDNN does not do it.
  [[nodiscard]] bool run() {
    plan_ = device::cuda::find_plan(device_.device(), convolution_);
    if (plan_ == nullptr) return false;
    switch (call_.direction) {
      case ConvDirection::kForward:
        return forward();
      case ConvDirection::kBackwardInput:
        return backward_input();
      default:
        return backward_filter();
    }
  }

 private:
  bool forward() {
    const void* x = padded(call_.first);
    const void* w = transposed(call_.second);
    const auto how =
        device::cuda::convolve(device_.device(), *plan_, x, w, call_.result, call_.bias);
    if (how == Convolved::kRefused) return false;
    if (call_.bias != nullptr && how == Convolved::kPlain) {
      const std::int64_t pixels = shape_.output_size() / shape_.out_channels;
      bias_gpu(device_.device(), call_.dtype, {pixels, shape_.out_channels, 1}, call_.result,
               call_.bias, call_.result);
    }
    return true;
  }

  bool backward_input() {
    const void* w = transposed(call_.first);
    if (!rows_.any() && !columns_.any()) return convolve(w, call_.second, call_.result);
    const std::int64_t height = convolution_.height.input;
    const std::int64_t width = convolution_.width.input;
    const std::int64_t channels = shape_.in_channels;
    void* larger = scratch(shape_.batch * height * width * channels);
    if (!convolve(w, call_.second, larger)) return false;
    StridedCopy crop;
    const std::int64_t row = shape_.width.input * channels;
    crop.add(shape_.batch, height * width * channels, shape_.height.input * row);
    crop.add(shape_.height.input, width * channels, row);
    crop.add(row, 1, 1);
    const std::int64_t first = (rows_.before * width + columns_.before) * channels;
    crop.run(device_, static_cast<const char*>(larger) + first * static_cast<long>(bytes_),
             call_.result, bytes_);
    return true;
  }

  bool backward_filter() {
    const void* x = padded(call_.first);
    if (taps() == 1 || shape_.out_channels == 1) return convolve(x, call_.second, call_.result);
    void* dw = scratch(shape_.filter_size());
    if (!convolve(x, call_.second, dw)) return false;
    transpose(shape_.out_channels, taps(), dw, call_.result);
    return true;
  }

  bool convolve(const void* first, const void* second, void* result) {
    return device::cuda::convolve(device_.device(), *plan_, first, second, result) !=
           Convolved::kRefused;
  }

  // Weights of one output channel.
  [[nodiscard]] std::int64_t taps() const { return shape_.filter_size() / shape_.out_channels; }

  // The filter as the forward pass has it serves the data gradient, and the next forward pass where
  // nothing changes it.
  const void* transposed(const void* w) {
    if (taps() == 1 || shape_.out_channels == 1) return w;
    const std::int64_t kind = shape_.out_channels;
    RefPtr<Buffer>& kept = buffers_[used_++];
    if (call_.filter != nullptr) kept = call_.filter->derived(kind);
    if (kept) return kept->data();
    kept =
        Buffer::allocate(device_.device(), static_cast<std::size_t>(shape_.filter_size()) * bytes_);
    transpose(taps(), shape_.out_channels, w, kept->data());
    if (call_.filter != nullptr) call_.filter->keep_derived(kind, kept);
    return kept->data();
  }

  void transpose(std::int64_t rows, std::int64_t columns, const void* from, void* to) {
    StridedCopy copy;
    copy.add(columns, 1, rows);
    copy.add(rows, columns, 1);
    copy.run(device_, from, to, bytes_);
  }

  const void* padded(const void* x) {
    if (!rows_.any() && !columns_.any()) return x;
    const std::int64_t channels = shape_.in_channels;
    const std::int64_t height = convolution_.height.input;
    const std::int64_t width = convolution_.width.input;
    void* result = scratch(shape_.batch * height * width * channels);
    WindowCopy copy;
    copy.add({shape_.batch, 0, 1, shape_.batch});
    copy.add({height, rows_.before, 1, shape_.height.input});
    copy.add({width * channels, columns_.before * channels, 1, shape_.width.input * channels});
    copy.run(device_, x, result, bytes_, 0);
    return result;
  }

  // Memory for the time of the call.
  void* scratch(std::int64_t elements) {
    RefPtr<Buffer>& buffer = buffers_[used_++];
    buffer = Buffer::allocate(device_.device(), static_cast<std::size_t>(elements) * bytes_);
    return buffer->data();
  }

  device::DeviceContext& device_;
  const ConvCall& call_;
  const ConvShape& shape_;
  const std::size_t bytes_;
  const Extra rows_;
  const Extra columns_;
  const Convolution convolution_;
  device::cuda::ConvolutionPlans::Plan* plan_ = nullptr;
  RefPtr<Buffer> buffers_[2];
  int used_ = 0;
};

// The elements of the result.
std::int64_t result_size(const ConvCall& call) {
  switch (call.direction) {
    case ConvDirection::kForward:
      return call.shape.output_size();
    case ConvDirection::kBackwardInput:
      return call.shape.input_size();
    default:
      return call.shape.filter_size();
  }
}

}  // namespace

void conv_gpu(device::DeviceContext& device, const char* op, const ConvCall& call) {
  const std::int64_t size = result_size(call);
  if (size == 0) return;
  if (call.shape.output_size() == 0) {  // nothing is added up
    device::cuda::zero(device.device(), call.result,
                       static_cast<std::size_t>(size) * size_of(call.dtype));
    return;
  }
  const GpuChoice choice = gpu_choice();
  const bool for_library = choice != GpuChoice::kOwn && call.shape.input_size() != 0;
  if (for_library && LibraryConv(device, call).run()) return;
  if (for_library && choice == GpuChoice::kLibrary) {
    throw UnimplementedError(
        text(op, ": cuDNN does not do this convolution in ", call.dtype, " on ", device.device()));
  }
  own_conv(device, call);
}

}  // namespace keen::detail
