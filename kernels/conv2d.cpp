#include "kernels/conv2d.h"

#include "kernels/bias_add.h"
#include "kernels/detail/conv.h"
#include "kernels/detail/conv_shape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

void conv_gpu(KernelContext& context);             // conv2d.cu
void backprop_input_gpu(KernelContext& context);   // conv2d.cu
void backprop_filter_gpu(KernelContext& context);  // conv2d.cu

using detail::ConvShape;

namespace {

// Where the dimensions of an image batch are.
struct Axes {
  explicit Axes(DataFormat format)
      : height(format == DataFormat::kNHWC ? 1 : 2),
        width(height + 1),
        channels(format == DataFormat::kNHWC ? 3 : 1) {}
  int height, width, channels;
};

void check_args(const char* op, const Conv2DArgs& args) {
  for (const int stride : args.strides) {
    if (stride <= 0) {
      throw InvalidArgumentError(text(op, ": strides: Stride must be > 0, but got ", stride));
    }
  }
  for (const int dilation : args.dilations) {
    if (dilation <= 0) {
      throw InvalidArgumentError(
          text(op, ": dilations: Dilated rates should be larger than 0, but got ", dilation));
    }
  }
  for (const int padding : args.explicit_paddings) {
    if (padding < 0) {
      throw InvalidArgumentError(
          text(op, ": explicit_paddings: All elements must be nonnegative, but got ", padding));
    }
    if (padding > 0 && args.padding != Padding::kExplicit) {
      throw InvalidArgumentError(text(
          op,
          ": explicit_paddings must be empty if the padding attribute is not EXPLICIT, but got ",
          padding));
    }
  }
}

void check_rank(const char* op, const char* what, const Shape& shape) {
  if (shape.has_rank() && shape.rank() != 4) {
    throw InvalidArgumentError(text(op, ": ", what, " must be 4-dimensional: ", brackets(shape)));
  }
}

void check_depths(const char* op, std::int64_t in, const Shape& filter) {
  const std::int64_t depth = filter.dim(2);
  for (const std::int64_t dim : filter.dims()) {
    if (dim == 0) {
      throw InvalidArgumentError(
          text(op, ": filter must not have zero elements (i.e. all dimensions must be non-zero): ",
               brackets(filter)));
    }
  }
  if (in < 0 || depth < 0) return;
  if (in % depth != 0) {
    throw InvalidArgumentError(
        text(op, ": input depth must be evenly divisible by filter depth: ", in, " vs ", depth));
  }
  const std::int64_t groups = in / depth;
  if (in == 0 || (filter.dim(3) >= 0 && filter.dim(3) % groups != 0)) {
    throw InvalidArgumentError(
        text(op, ": output depth must be evenly divisible by number of groups: ", filter.dim(3),
             " vs ", groups));
  }
}

}  // namespace

ConvShape conv_shape(const char* op, const Shape& input, const Shape& filter,
                     const Conv2DArgs& args) {
  check_args(op, args);
  check_rank(op, "input", input);
  check_rank(op, "filter", filter);
  const Axes axes(args.data_format);
  const std::int64_t in = input.dim(axes.channels);
  check_depths(op, in, filter);
  ConvShape shape;
  shape.batch = input.dim(0);
  shape.in_channels = in;
  shape.out_channels = filter.dim(3);
  shape.groups = in < 0 || filter.dim(2) < 0 ? 1 : in / filter.dim(2);
  const auto& pads = args.explicit_paddings;
  shape.height = detail::make_window(input.dim(axes.height), filter.dim(0), args.strides[0],
                                     args.dilations[0], args.padding, pads[0], pads[1]);
  shape.width = detail::make_window(input.dim(axes.width), filter.dim(1), args.strides[1],
                                    args.dilations[1], args.padding, pads[2], pads[3]);
  return shape;
}

namespace {

Shape output_shape(const ConvShape& s, DataFormat format) {
  if (format == DataFormat::kNCHW) {
    return Shape({s.batch, s.out_channels, s.height.output, s.width.output});
  }
  return Shape({s.batch, s.height.output, s.width.output, s.out_channels});
}

// ---- Forward ----

void infer_conv(InferContext& context) {
  const auto& args = context.attrs<Conv2DArgs>();
  const Shape& input = context.shape(0);
  const Shape& filter = context.shape(1);
  check_rank(context.op_name(), "input", input);
  check_rank(context.op_name(), "filter", filter);
  Shape result({-1, -1, -1, -1});
  if (input.has_rank() && filter.has_rank()) {
    result = output_shape(conv_shape(context.op_name(), input, filter, args), args.data_format);
  }
  context.set_output(0, context.dtype(0), result);
}

void infer_fused_conv(InferContext& context) {
  infer_conv(context);
  const Shape& bias = context.shape(2);
  const Shape& filter = context.shape(1);
  if (!bias.has_rank() || !filter.has_rank()) return;
  if (!bias.is_compatible_with(Shape({filter.dim(3)}))) {
    throw InvalidArgumentError(text(context.op_name(), ": bias must be one number per filter: ",
                                    brackets(bias), " vs. ", brackets(filter)));
  }
}

// The geometry for a CPU kernel, which takes NHWC alone.
ConvShape cpu_shape(const KernelContext& context, const Shape& input, const Shape& filter,
                    const Conv2DArgs& args) {
  if (args.data_format != DataFormat::kNHWC) {
    throw UnimplementedError(
        text(context.op_name(), ": The ", context.op_name(),
             " op currently only supports the NHWC tensor format on the CPU. The op was given the "
             "format: NCHW"));
  }
  return conv_shape(context.op_name(), input, filter, args);
}

template <class T>
void conv_of(KernelContext& context) {
  const ConvShape shape =
      cpu_shape(context, context.shape(0), context.shape(1), context.attrs<Conv2DArgs>());
  const T* bias = context.input_count() > 2 ? context.in<T>(2) : nullptr;
  detail::conv_forward(context.device_context(), shape, context.in<T>(0), context.in<T>(1), bias,
                       context.out<T>(0));
}

void conv_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    conv_of<float>(context);
  } else {
    conv_of<double>(context);
  }
}

// dx and dw of a convolution of inputs 0 and 1.
void conv_gradient(GradientContext& context) {
  const auto& args = context.attrs<Conv2DArgs>();
  const Tensor& dy = context.output_gradient(0);
  if (context.needs(0)) {
    context.set_input_gradient(
        0, nn::conv2d_backprop_input(context.shape(0), context.input(1), dy, args));
  }
  if (context.needs(1)) {
    context.set_input_gradient(
        1, nn::conv2d_backprop_filter(context.input(0), context.shape(1), dy, args));
  }
}

void fused_conv_gradient(GradientContext& context) {
  conv_gradient(context);
  if (context.needs(2)) {
    const BiasAddArgs args{.data_format = context.attrs<Conv2DArgs>().data_format};
    context.set_input_gradient(2, execute(kBiasAddGrad, {context.output_gradient(0)}, args));
  }
}

// ---- Gradients ----

void check_backprop(const InferContext& context, const ConvShape& shape, DataFormat format) {
  const Shape expected = output_shape(shape, format);
  const Shape& given = context.shape(1);
  if (!given.is_compatible_with(expected)) {
    throw InvalidArgumentError(text(context.op_name(),
                                    ": Size of out_backprop doesn't match computed: ", "actual = ",
                                    brackets(given), ", computed = ", brackets(expected)));
  }
}

// The sizes of conv2d's input, with the batch of out_backprop where it was left open.
Shape input_sizes(const char* op, const Conv2DGradArgs& args, const Shape& out_backprop) {
  Shape sizes = args.sizes;
  if (sizes.rank() != 4) {
    throw InvalidArgumentError(text(op, ": input_sizes must be 4-dimensional: ", brackets(sizes)));
  }
  if (sizes.dim(0) < 0 && out_backprop.has_rank()) sizes.set_dim(0, out_backprop.dim(0));
  return sizes;
}

void infer_backprop_input(InferContext& context) {
  const auto& args = context.attrs<Conv2DGradArgs>();
  check_rank(context.op_name(), "filter", context.shape(0));
  check_rank(context.op_name(), "out_backprop", context.shape(1));
  const Shape sizes = input_sizes(context.op_name(), args, context.shape(1));
  if (context.shape(0).has_rank() && context.shape(1).has_rank()) {
    check_backprop(context, conv_shape(context.op_name(), sizes, context.shape(0), args.conv),
                   args.conv.data_format);
  }
  context.set_output(0, context.dtype(0), sizes);
}

void infer_backprop_filter(InferContext& context) {
  const auto& args = context.attrs<Conv2DGradArgs>();
  check_rank(context.op_name(), "input", context.shape(0));
  check_rank(context.op_name(), "out_backprop", context.shape(1));
  if (args.sizes.rank() != 4 || !args.sizes.is_fully_defined()) {
    throw InvalidArgumentError(
        text(context.op_name(), ": filter_sizes must be four known sizes: ", brackets(args.sizes)));
  }
  if (context.shape(0).has_rank() && context.shape(1).has_rank()) {
    check_backprop(context, conv_shape(context.op_name(), context.shape(0), args.sizes, args.conv),
                   args.conv.data_format);
  }
  context.set_output(0, context.dtype(0), args.sizes);
}

template <class T>
void backprop_input_of(KernelContext& context) {
  const ConvShape shape = cpu_shape(context, context.output(0).shape, context.shape(0),
                                    context.attrs<Conv2DGradArgs>().conv);
  detail::conv_backward_input(context.device_context(), shape, context.in<T>(0), context.in<T>(1),
                              context.out<T>(0));
}

void backprop_input_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    backprop_input_of<float>(context);
  } else {
    backprop_input_of<double>(context);
  }
}

template <class T>
void backprop_filter_of(KernelContext& context) {
  const auto& args = context.attrs<Conv2DGradArgs>();
  const ConvShape shape = cpu_shape(context, context.shape(0), args.sizes, args.conv);
  detail::conv_backward_filter(context.device_context(), shape, context.in<T>(0), context.in<T>(1),
                               context.out<T>(0));
}

void backprop_filter_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    backprop_filter_of<float>(context);
  } else {
    backprop_filter_of<double>(context);
  }
}

// dx = B(w, dy) is linear in both: dw takes dx's gradient in the place of x.
void backprop_input_gradient(GradientContext& context) {
  const auto& args = context.attrs<Conv2DGradArgs>().conv;
  const Tensor& g = context.output_gradient(0);
  if (context.needs(0)) {
    context.set_input_gradient(
        0, nn::conv2d_backprop_filter(g, context.shape(0), context.input(1), args));
  }
  if (context.needs(1)) {
    context.set_input_gradient(1, nn::conv2d(g, context.input(0), args));
  }
}

// dw = F(x, dy): dx takes dw's gradient in the place of w.
void backprop_filter_gradient(GradientContext& context) {
  const auto& args = context.attrs<Conv2DGradArgs>().conv;
  const Tensor& g = context.output_gradient(0);
  if (context.needs(0)) {
    context.set_input_gradient(
        0, nn::conv2d_backprop_input(context.shape(0), g, context.input(1), args));
  }
  if (context.needs(1)) {
    context.set_input_gradient(1, nn::conv2d(context.input(0), g, args));
  }
}

}  // namespace

constinit const Op kConv2D{.name = "Conv2D",
                           .inputs = {{"input"}, {"filter"}},
                           .dtypes = kFloat32And64,
                           .gpu_dtypes = kFloatingTypes,
                           .gradient_reads = {.inputs = reads(0, 1)},
                           .infer = infer_conv,
                           .gradient = conv_gradient,
                           .cpu = conv_cpu,
                           .gpu = KEEN_GPU_KERNEL(conv_gpu)};
KEEN_OP(kConv2D);

constinit const Op kFusedConv2D{.name = "_FusedConv2D",
                                .inputs = {{"input"}, {"filter"}, {"bias"}},
                                .dtypes = kFloat32And64,
                                .gpu_dtypes = kFloatingTypes,
                                .gradient_reads = {.inputs = reads(0, 1)},
                                .infer = infer_fused_conv,
                                .gradient = fused_conv_gradient,
                                .cpu = conv_cpu,
                                .gpu = KEEN_GPU_KERNEL(conv_gpu)};
KEEN_OP(kFusedConv2D);

constinit const Op kConv2DBackpropInput{.name = "Conv2DBackpropInput",
                                        .inputs = {{"filter"}, {"out_backprop"}},
                                        .dtypes = kFloat32And64,
                                        .gpu_dtypes = kFloatingTypes,
                                        .gradient_reads = {.inputs = reads(0, 1)},
                                        .infer = infer_backprop_input,
                                        .gradient = backprop_input_gradient,
                                        .cpu = backprop_input_cpu,
                                        .gpu = KEEN_GPU_KERNEL(backprop_input_gpu)};
KEEN_OP(kConv2DBackpropInput);

constinit const Op kConv2DBackpropFilter{.name = "Conv2DBackpropFilter",
                                         .inputs = {{"input"}, {"out_backprop"}},
                                         .dtypes = kFloat32And64,
                                         .gpu_dtypes = kFloatingTypes,
                                         .gradient_reads = {.inputs = reads(0, 1)},
                                         .infer = infer_backprop_filter,
                                         .gradient = backprop_filter_gradient,
                                         .cpu = backprop_filter_cpu,
                                         .gpu = KEEN_GPU_KERNEL(backprop_filter_gpu)};
KEEN_OP(kConv2DBackpropFilter);

}  // namespace op

namespace nn {

Tensor conv2d(const Tensor& input, const Tensor& filters, const Conv2DArgs& args) {
  return op::execute(op::kConv2D, {input, filters}, args);
}

Tensor fused_conv2d(const Tensor& input, const Tensor& filters, const Tensor& bias,
                    const Conv2DArgs& args) {
  return op::execute(op::kFusedConv2D, {input, filters, bias}, args);
}

Tensor conv2d_backprop_input(const Shape& input_sizes, const Tensor& filters,
                             const Tensor& out_backprop, const Conv2DArgs& args) {
  return op::execute(op::kConv2DBackpropInput, {filters, out_backprop},
                     op::Conv2DGradArgs{.conv = args, .sizes = input_sizes});
}

Tensor conv2d_backprop_filter(const Tensor& input, const Shape& filter_sizes,
                              const Tensor& out_backprop, const Conv2DArgs& args) {
  return op::execute(op::kConv2DBackpropFilter, {input, out_backprop},
                     op::Conv2DGradArgs{.conv = args, .sizes = filter_sizes});
}

}  // namespace nn
}  // namespace keen
