#include "kernels/bias_add.h"

#include <algorithm>

#include "kernels/detail/channel_bias.h"
#include "kernels/detail/channel_sums.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

void bias_add_gpu(KernelContext& context);       // bias_add.cu
void bias_add_grad_gpu(KernelContext& context);  // bias_add.cu

namespace {

constexpr std::int64_t kGrain = 32 * 1024;  // elements that are worth a thread

int channel_axis(const Shape& shape, const BiasAddArgs& args) {
  return args.data_format == DataFormat::kNCHW ? 1 : shape.rank() - 1;
}

void check_value(const InferContext& context) {
  const Shape& value = context.shape(0);
  if (value.has_rank() && value.rank() < 2) {
    throw InvalidArgumentError(
        text(context.op_name(), ": Input tensor must be at least 2D: ", brackets(value)));
  }
}

void infer_bias_add(InferContext& context) {
  check_value(context);
  const Shape& value = context.shape(0);
  const Shape& bias = context.shape(1);
  if (bias.has_rank() && bias.rank() != 1) {
    throw InvalidArgumentError(text(context.op_name(), ": Biases must be 1D: ", brackets(bias)));
  }
  if (value.has_rank() && bias.has_rank()) {
    const int axis = channel_axis(value, context.attrs<BiasAddArgs>());
    if (bias.dim(0) >= 0 && value.dim(axis) >= 0 && bias.dim(0) != value.dim(axis)) {
      throw InvalidArgumentError(text(context.op_name(), ": Must provide as many biases as the ",
                                      axis == value.rank() - 1 ? "last" : "channel",
                                      " dimension of the input tensor: ", brackets(bias), " vs. ",
                                      brackets(value)));
    }
  }
  context.set_output(0, context.input(0));
}

void infer_bias_add_grad(InferContext& context) {
  check_value(context);
  const Shape& value = context.shape(0);
  const std::int64_t channels =
      value.has_rank() ? value.dim(channel_axis(value, context.attrs<BiasAddArgs>())) : -1;
  context.set_output(0, context.dtype(0), Shape({channels}));
}

template <class T>
void bias_add_of(KernelContext& context) {
  const auto layout =
      detail::channel_layout(context.shape(0), context.attrs<BiasAddArgs>().data_format);
  const T* value = context.in<T>(0);
  const T* bias = context.in<T>(1);
  T* out = context.out<T>(0);
  const std::int64_t row = std::max<std::int64_t>(1, layout.channels * layout.inner);
  device::cpu::parallel_for(context.threads(), layout.outer, 1 + kGrain / row,
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t at = begin * row; at < end * row; at += row) {
                                if (layout.inner == 1) {
#pragma omp simd
                                  for (std::int64_t c = 0; c < layout.channels; ++c)
                                    out[at + c] = value[at + c] + bias[c];
                                  continue;
                                }
                                for (std::int64_t c = 0; c < layout.channels; ++c) {
                                  const std::int64_t start = at + c * layout.inner;
                                  for (std::int64_t i = start; i < start + layout.inner; ++i)
                                    out[i] = value[i] + bias[c];
                                }
                              }
                            });
}

void bias_add_cpu(KernelContext& context) {
  if (context.output(0).shape.num_elements() == 0) return;
  if (context.dtype(0) == DType::kFloat32) {
    bias_add_of<float>(context);
  } else {
    bias_add_of<double>(context);
  }
}

template <class T>
void bias_add_grad_of(KernelContext& context) {
  const auto layout =
      detail::channel_layout(context.shape(0), context.attrs<BiasAddArgs>().data_format);
  const T* value = context.in<T>(0);
  T* out = context.out<T>(0);
  if (layout.inner == 1) {
    detail::channel_sums(context.device_context(), {layout.outer, layout.channels}, value, out);
    return;
  }
  for (std::int64_t c = 0; c < layout.channels; ++c) {
    double total = 0;
    for (std::int64_t n = 0; n < layout.outer; ++n) {
      const T* from = value + (n * layout.channels + c) * layout.inner;
      for (std::int64_t i = 0; i < layout.inner; ++i) total += static_cast<double>(from[i]);
    }
    out[c] = static_cast<T>(total);
  }
}

void bias_add_grad_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    bias_add_grad_of<float>(context);
  } else {
    bias_add_grad_of<double>(context);
  }
}

void bias_add_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  context.set_input_gradient(0, g);
  if (context.needs(1)) {
    context.set_input_gradient(1, execute(kBiasAddGrad, {g}, context.attrs<BiasAddArgs>()));
  }
}

void bias_add_grad_gradient(GradientContext& context) {
  const TensorSpec& spec = context.spec(0);
  const Tensor zeros = fill(spec.shape, 0.0, spec.dtype);
  context.set_input_gradient(
      0, execute(kBiasAdd, {zeros, context.output_gradient(0)}, context.attrs<BiasAddArgs>()));
}

}  // namespace

constinit const Op kBiasAdd{.name = "BiasAdd",
                            .inputs = {{"value"}, {"bias"}},
                            .dtypes = kFloat32And64,
                            .gpu_dtypes = kFloatingTypes,
                            .infer = infer_bias_add,
                            .gradient = bias_add_gradient,
                            .cpu = bias_add_cpu,
                            .gpu = KEEN_GPU_KERNEL(bias_add_gpu)};
KEEN_OP(kBiasAdd);

constinit const Op kBiasAddGrad{.name = "BiasAddGrad",
                                .inputs = {{"out_backprop"}},
                                .dtypes = kFloat32And64,
                                .gpu_dtypes = kFloatingTypes,
                                .infer = infer_bias_add_grad,
                                .gradient = bias_add_grad_gradient,
                                .cpu = bias_add_grad_cpu,
                                .gpu = KEEN_GPU_KERNEL(bias_add_grad_gpu)};
KEEN_OP(kBiasAddGrad);

}  // namespace op

Tensor nn::bias_add(const Tensor& value, const Tensor& bias, const BiasAddArgs& args) {
  return op::execute(op::kBiasAdd, {value, bias}, args);
}

}  // namespace keen
