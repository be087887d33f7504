// Two-dimensional convolution and its two gradients on a GPU, on plain pointers laid out as in
// conv.h.
#pragma once

#include "kernels/detail/conv.h"
#include "runtime/base/dtype.h"
#include "runtime/device/buffer.h"
#include "runtime/device/device_context.h"

namespace keen::detail {

enum class ConvDirection : std::uint8_t { kForward, kBackwardInput, kBackwardFilter };

// y of (x, w), dx of (w, dy) or dw of (x, dy). `bias` [out_channels], of kForward alone, may be
// null. float32, float64, float16, bfloat16; the sums of 16-bit types are in float32.
struct ConvCall {
  ConvDirection direction = ConvDirection::kForward;
  DType dtype = DType::kFloat32;
  ConvShape shape;
  const void* first = nullptr;
  const void* second = nullptr;
  const void* bias = nullptr;
  void* result = nullptr;
  Buffer* filter = nullptr;  // that w is the contents of; null: of none
};

// By cuDNN, or an own kernel where cuDNN has none; gpu_choice.h says which may be taken. `op` names
// the caller in an UnimplementedError.
void conv_gpu(device::DeviceContext& device, const char* op, const ConvCall& call);

// By own kernels: any padding, strides, dilations and groups, the filter as it is stored.
void own_conv(device::DeviceContext& device, const ConvCall& call);

}  // namespace keen::detail
