#include "kernels/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/detail/batch_norm.h"
#include "kernels/detail/batch_norm_composite.h"
#include "kernels/detail/scratch.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

// batch_norm.cu and batch_norm_grad.cu
void batch_norm_gpu(KernelContext& context);
void batch_norm_relu_gpu(KernelContext& context);
void batch_norm_grad_gpu(KernelContext& context);
void batch_norm_relu_grad_gpu(KernelContext& context);

namespace {

using detail::BatchNormLine;
using detail::ChannelRows;
using detail::Scratch;
using detail::scratch_of;

// ---- Specs ----

int channel_axis(const Shape& x, const FusedBatchNormArgs& args) {
  return args.data_format == DataFormat::kNCHW ? 1 : x.rank() - 1;
}

// Checks x and the vectors beside it; answers the shape of a vector.
Shape check_channels(const InferContext& context, int x_input, std::initializer_list<int> vectors) {
  const Shape& x = context.shape(x_input);
  if (!x.has_rank()) return Shape({-1});
  if (x.rank() != 4 && x.rank() != 5) {
    throw InvalidArgumentError(
        text(context.op_name(), ": x must be 4-dimensional or 5-dimensional: ", brackets(x)));
  }
  const Shape channels({x.dim(channel_axis(x, context.attrs<FusedBatchNormArgs>()))});
  for (const int i : vectors) {
    if (!context.has_input(i) || context.shape(i).is_compatible_with(channels)) continue;
    // What was left out in training may also come empty, as in TensorFlow.
    const auto& args = context.attrs<FusedBatchNormArgs>();
    if (args.is_training && i >= 3 && context.shape(i) == Shape({0})) continue;
    throw InvalidArgumentError(text(context.op_name(), ": input #", i,
                                    " must have as many elements as x has channels, got ",
                                    brackets(context.shape(i)), " and ", brackets(x)));
  }
  return channels;
}

void infer_batch_norm(InferContext& context) {
  const auto& args = context.attrs<FusedBatchNormArgs>();
  const Shape channels = check_channels(context, 0, {1, 2, 3, 4});
  const bool given = context.has_input(3) && context.has_input(4) &&
                     context.shape(3) != Shape({0}) && context.shape(4) != Shape({0});
  if (!given && (!args.is_training || args.exponential_avg_factor != 1.0F) &&
      channels != Shape({0})) {
    throw InvalidArgumentError(
        text(context.op_name(), ": mean and variance must be given for ",
             args.is_training ? "exponential_avg_factor " : "inference",
             args.is_training ? text(args.exponential_avg_factor) : std::string()));
  }
  context.set_output(0, context.input(0));
  for (int i = 1; i < 5; ++i) context.set_output(i, context.dtype(0), channels);
}

void infer_batch_norm_grad(InferContext& context) {
  if (!context.shape(0).is_compatible_with(context.shape(1))) {
    throw InvalidArgumentError(
        text(context.op_name(), ": y_backprop and x must have the same shape: ",
             brackets(context.shape(0)), " vs. ", brackets(context.shape(1))));
  }
  const Shape channels = context.input_count() > 5 ? check_channels(context, 1, {2, 3, 4, 5})
                                                   : check_channels(context, 1, {2, 3, 4});
  context.set_output(0, context.input(1));
  context.set_output(1, context.dtype(0), channels);
  context.set_output(2, context.dtype(0), channels);
}

// ---- Kernels ----

ChannelRows rows_of(const KernelContext& context, const Shape& x) {
  if (context.attrs<FusedBatchNormArgs>().data_format != DataFormat::kNHWC) {
    throw UnimplementedError(text(context.op_name(), ": the CPU has no kernel for NCHW"));
  }
  ChannelRows size{1, x.dim(x.rank() - 1)};
  for (int i = 0; i + 1 < x.rank(); ++i) size.rows *= x.dim(i);
  return size;
}

template <class T>
T inverse_deviation(T variance, float epsilon) {
  return T{1} / std::sqrt(variance + static_cast<T>(epsilon));
}

// Old averages moved towards the batch's by `factor`.
template <class T>
void average(std::int64_t channels, T factor, const T* old, const T* batch, T scale, T* out) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const T value = batch[c] * scale;
    out[c] = factor == T{1} ? value : (T{1} - factor) * old[c] + factor * value;
  }
}

// Fills the four vectors that come out; the last two are what y is made with.
template <class T>
void batch_norm_statistics(KernelContext& context, ChannelRows size) {
  const auto& args = context.attrs<FusedBatchNormArgs>();
  const std::int64_t n = size.channels;
  if (n == 0) return;
  T* mean = context.out<T>(3);
  T* variance = context.out<T>(4);
  if (size.rows == 0) {
    for (const int i : {1, 2})
      std::fill_n(context.out<T>(i), n, std::numeric_limits<T>::quiet_NaN());
    for (const int i : {3, 4}) std::fill_n(context.out<T>(i), n, T{0});
    return;
  }
  if (!args.is_training) {
    for (const int i : {1, 3}) std::copy_n(context.in<T>(3), n, context.out<T>(i));
    for (const int i : {2, 4}) std::copy_n(context.in<T>(4), n, context.out<T>(i));
    return;
  }
  detail::batch_moments(context.device_context(), size, context.in<T>(0), mean, variance);
  const T factor = static_cast<T>(args.exponential_avg_factor);
  const bool moves = factor != T{1};
  const T unbiased =
      static_cast<T>(size.rows) / static_cast<T>(std::max<std::int64_t>(1, size.rows - 1));
  average(n, factor, moves ? context.in<T>(3) : nullptr, mean, T{1}, context.out<T>(1));
  average(n, factor, moves ? context.in<T>(4) : nullptr, variance, unbiased, context.out<T>(2));
}

template <class T, bool Relu>
void batch_norm_of(KernelContext& context) {
  const ChannelRows size = rows_of(context, context.shape(0));
  batch_norm_statistics<T>(context, size);
  if (size.rows == 0 || size.channels == 0) return;
  const float epsilon = context.attrs<FusedBatchNormArgs>().epsilon;
  const Scratch memory = scratch_of<T>(context.device_context(), size.channels);
  T* factor = memory.template data<T>();
  for (std::int64_t c = 0; c < size.channels; ++c) {
    factor[c] = context.in<T>(1)[c] * inverse_deviation(context.out<T>(4)[c], epsilon);
  }
  const BatchNormLine<T> line{context.out<T>(3), factor, context.in<T>(2), Relu};
  detail::batch_norm_apply(context.device_context(), size, context.in<T>(0), line,
                           context.out<T>(0));
}

template <bool Relu>
void batch_norm_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    batch_norm_of<float, Relu>(context);
  } else {
    batch_norm_of<double, Relu>(context);
  }
}

// With s the inverse deviation and n the rows: doffset = sum(dy), dscale = s sum(dy (x - mean)),
// and dx = scale s (dy - doffset / n - (x - mean) s dscale / n) in training, scale s dy in
// inference.
template <class T, bool Relu>
void batch_norm_grad_of(KernelContext& context) {
  const ChannelRows size = rows_of(context, context.shape(1));
  const auto& args = context.attrs<FusedBatchNormArgs>();
  const std::int64_t n = size.channels;
  T* dscale = context.out<T>(1);
  T* doffset = context.out<T>(2);
  if (size.rows == 0 || n == 0) {
    std::fill_n(dscale, n, T{0});
    std::fill_n(doffset, n, T{0});
    return;
  }
  auto& device = context.device_context();
  const Scratch memory = scratch_of<T>(device, 3 * n);
  T* factor = memory.template data<T>();
  T* shift = factor + n;
  T* slope = shift + n;
  const T* variance = context.in<T>(4);
  for (std::int64_t c = 0; c < n; ++c) {
    factor[c] = context.in<T>(2)[c] * inverse_deviation(variance[c], args.epsilon);
  }
  const BatchNormLine<T> line{context.in<T>(3), factor, Relu ? context.in<T>(5) : nullptr, Relu};
  const T* dy = context.in<T>(0);
  const T* x = context.in<T>(1);
  detail::batch_norm_sums(device, size, dy, x, line, doffset, dscale);
  const T share = args.is_training ? T{1} / static_cast<T>(size.rows) : T{0};
  for (std::int64_t c = 0; c < n; ++c) {
    const T inverse = inverse_deviation(variance[c], args.epsilon);
    shift[c] = doffset[c] * share;
    slope[c] = dscale[c] * inverse * inverse * share;
    dscale[c] *= inverse;
  }
  detail::batch_norm_input_gradient(device, size, dy, x, line, shift, slope, context.out<T>(0));
}

template <bool Relu>
void batch_norm_grad_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    batch_norm_grad_of<float, Relu>(context);
  } else {
    batch_norm_grad_of<double, Relu>(context);
  }
}

// ---- Gradients ----

template <bool Relu>
void batch_norm_gradient(GradientContext& context) {
  const Tensor& dy = context.output_gradient(0);
  if (!dy.defined()) return;
  const auto& args = context.attrs<FusedBatchNormArgs>();
  Outputs gradients =
      Relu ? execute(kFusedBatchNormGradEx,
                     {dy, context.input(0), context.input(1), context.output(3), context.output(4),
                      context.input(2)},
                     args)
           : execute(kFusedBatchNormGradV3,
                     {dy, context.input(0), context.input(1), context.output(3), context.output(4)},
                     args);
  for (int i = 0; i < 3; ++i) context.set_input_gradient(i, gradients[i]);
}

void batch_norm_grad_gradient(GradientContext& context) {
  if (context.attrs<FusedBatchNormArgs>().data_format != DataFormat::kNHWC) {
    throw UnimplementedError(text(context.op_name(), ": there is no gradient for NCHW"));
  }
  detail::BatchNormGradInputs inputs{context.input(0), context.input(1), context.input(2),
                                     context.input(3), context.input(4), Tensor()};
  if (context.input_count() > 5) inputs.offset = context.input(5);
  auto gradients = detail::batch_norm_second_gradients(
      inputs, context.attrs<FusedBatchNormArgs>(),
      {context.output_gradient(0), context.output_gradient(1), context.output_gradient(2)});
  for (int i = 0; i < 3; ++i) {
    context.set_input_gradient(i, std::move(gradients[static_cast<std::size_t>(i)]));
  }
}

}  // namespace

constinit const Op kFusedBatchNormV3{
    .name = "FusedBatchNormV3",
    .inputs = {{"x"},
               {"scale"},
               {"offset"},
               {.name = "mean", .arity = Arity::kOptional},
               {.name = "variance", .arity = Arity::kOptional}},
    .outputs = 5,
    .dtypes = kFloat32And64,
    .gradient_reads = {.inputs = reads(0, 1), .outputs = reads(3, 4)},
    .infer = infer_batch_norm,
    .gradient = batch_norm_gradient<false>,
    .cpu = batch_norm_cpu<false>,
    .gpu = KEEN_GPU_KERNEL(batch_norm_gpu)};
KEEN_OP(kFusedBatchNormV3);

constinit const Op kFusedBatchNormEx{
    .name = "_FusedBatchNormEx",
    .inputs = {{"x"},
               {"scale"},
               {"offset"},
               {.name = "mean", .arity = Arity::kOptional},
               {.name = "variance", .arity = Arity::kOptional}},
    .outputs = 5,
    .dtypes = kFloat32And64,
    .gradient_reads = {.inputs = reads(0, 1, 2), .outputs = reads(3, 4)},
    .infer = infer_batch_norm,
    .gradient = batch_norm_gradient<true>,
    .cpu = batch_norm_cpu<true>,
    .gpu = KEEN_GPU_KERNEL(batch_norm_relu_gpu)};
KEEN_OP(kFusedBatchNormEx);

constinit const Op kFusedBatchNormGradV3{
    .name = "FusedBatchNormGradV3",
    .inputs = {{"y_backprop"}, {"x"}, {"scale"}, {"reserve_space_1"}, {"reserve_space_2"}},
    .outputs = 3,
    .dtypes = kFloat32And64,
    .gradient_reads = {.inputs = kReadsAll},
    .infer = infer_batch_norm_grad,
    .gradient = batch_norm_grad_gradient,
    .cpu = batch_norm_grad_cpu<false>,
    .gpu = KEEN_GPU_KERNEL(batch_norm_grad_gpu)};
KEEN_OP(kFusedBatchNormGradV3);

constinit const Op kFusedBatchNormGradEx{
    .name = "_FusedBatchNormGradEx",
    .inputs =
        {{"y_backprop"}, {"x"}, {"scale"}, {"reserve_space_1"}, {"reserve_space_2"}, {"offset"}},
    .outputs = 3,
    .dtypes = kFloat32And64,
    .gradient_reads = {.inputs = kReadsAll},
    .infer = infer_batch_norm_grad,
    .gradient = batch_norm_grad_gradient,
    .cpu = batch_norm_grad_cpu<true>,
    .gpu = KEEN_GPU_KERNEL(batch_norm_relu_grad_gpu)};
KEEN_OP(kFusedBatchNormGradEx);

}  // namespace op

namespace {

FusedBatchNormResult run(const op::Op& row, const Tensor& x, const Tensor& scale,
                         const Tensor& offset, const Tensor& mean, const Tensor& variance,
                         const FusedBatchNormArgs& args) {
  op::Outputs outputs = op::execute(row, {x, scale, offset, mean, variance}, args);
  return {std::move(outputs[0]), std::move(outputs[1]), std::move(outputs[2])};
}

}  // namespace

namespace nn {

FusedBatchNormResult fused_batch_norm(const Tensor& x, const Tensor& scale, const Tensor& offset,
                                      const Tensor& mean, const Tensor& variance,
                                      const FusedBatchNormArgs& args) {
  return run(op::kFusedBatchNormV3, x, scale, offset, mean, variance, args);
}

FusedBatchNormResult fused_batch_norm_relu(const Tensor& x, const Tensor& scale,
                                           const Tensor& offset, const Tensor& mean,
                                           const Tensor& variance, const FusedBatchNormArgs& args) {
  return run(op::kFusedBatchNormEx, x, scale, offset, mean, variance, args);
}

}  // namespace nn
}  // namespace keen
