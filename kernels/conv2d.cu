#include "kernels/conv2d.h"
#include "kernels/detail/channels_last.h"
#include "kernels/detail/conv_gpu.h"
#include "kernels/detail/conv_shape.h"

namespace keen::op {
namespace {

using detail::ChannelsLast;
using detail::ConvCall;
using detail::ConvDirection;

// Runs the call on arrays with their channels last: inputs 0 and 1 and the result, where `is_image`
// says so, are turned around before and after.
void run(KernelContext& context, ConvCall call, DataFormat format,
         const std::array<bool, 3>& is_image) {
  auto& device = context.device_context();
  const ChannelsLast first(device, context.input(0).spec(),
                           is_image[0] ? format : DataFormat::kNHWC);
  const ChannelsLast second(device, context.input(1).spec(),
                            is_image[1] ? format : DataFormat::kNHWC);
  const ChannelsLast result(device, context.output(0), is_image[2] ? format : DataFormat::kNHWC);
  call.dtype = context.dtype(0);
  call.first = first.read(context.in<void>(0));
  call.second = second.read(context.in<void>(1));
  call.result = result.place(context.out<void>(0));
  detail::conv_gpu(device, context.op_name(), call);
  result.write(context.out<void>(0));
}

}  // namespace

void conv_gpu(KernelContext& context) {
  const auto& args = context.attrs<Conv2DArgs>();
  ConvCall call{.direction = ConvDirection::kForward,
                .shape = conv_shape(context.op_name(), context.shape(0), context.shape(1), args),
                .filter = context.input(1).impl().buffer.get()};
  if (context.input_count() > 2) call.bias = context.in<void>(2);
  run(context, call, args.data_format, {true, false, true});
}

void backprop_input_gpu(KernelContext& context) {
  const auto& args = context.attrs<Conv2DGradArgs>().conv;
  const ConvCall call{
      .direction = ConvDirection::kBackwardInput,
      .shape = conv_shape(context.op_name(), context.output(0).shape, context.shape(0), args),
      .filter = context.input(0).impl().buffer.get()};
  run(context, call, args.data_format, {false, true, true});
}

void backprop_filter_gpu(KernelContext& context) {
  const auto& args = context.attrs<Conv2DGradArgs>();
  const ConvCall call{
      .direction = ConvDirection::kBackwardFilter,
      .shape = conv_shape(context.op_name(), context.shape(0), args.sizes, args.conv)};
  run(context, call, args.conv.data_format, {true, true, false});
}

}  // namespace keen::op
