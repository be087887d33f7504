#include "kernels/pool.h"

#include "kernels/detail/pool.h"
#include "kernels/detail/pool_shape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

void max_pool_gpu(KernelContext& context);            // pool.cu
void max_pool_grad_gpu(KernelContext& context);       // pool.cu
void max_pool_grad_grad_gpu(KernelContext& context);  // pool.cu
void avg_pool_gpu(KernelContext& context);            // pool.cu
void avg_pool_grad_gpu(KernelContext& context);       // pool.cu

using detail::PoolShape;

namespace {

// ---- Specs ----

void check_args(const char* op, const Pool2DArgs& args) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (args.ksize[i] <= 0) {
      throw InvalidArgumentError(text(op, ": Sliding window ksize for dimension ", i + 1,
                                      " must be > 0, but got ", args.ksize[i]));
    }
    if (args.strides[i] <= 0) {
      throw InvalidArgumentError(
          text(op, ": strides: Stride must be > 0, but got ", args.strides[i]));
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const int padding = args.explicit_paddings[i];
    if (padding == 0) continue;
    if (args.padding != Padding::kExplicit) {
      throw InvalidArgumentError(text(
          op,
          ": explicit_paddings must be empty if the padding attribute is not EXPLICIT, but got ",
          padding));
    }
    if (padding < 0 || padding >= args.ksize[i / 2]) {
      throw InvalidArgumentError(text(op, ": explicit_paddings: ", padding,
                                      " must be nonnegative and less than the window size ",
                                      args.ksize[i / 2]));
    }
  }
}

void check_rank(const char* op, const char* what, const Shape& shape) {
  if (shape.has_rank() && shape.rank() != 4) {
    throw InvalidArgumentError(text(op, ": ", what, " must be 4-dimensional: ", brackets(shape)));
  }
}

}  // namespace

PoolShape pool_shape(const char* op, const Shape& input, const Pool2DArgs& args) {
  check_args(op, args);
  const bool last = args.data_format == DataFormat::kNHWC;
  const int height = last ? 1 : 2;
  const auto& pads = args.explicit_paddings;
  PoolShape shape;
  shape.batch = input.dim(0);
  shape.channels = input.dim(last ? 3 : 1);
  shape.height = detail::make_window(input.dim(height), args.ksize[0], args.strides[0], 1,
                                     args.padding, pads[0], pads[1]);
  shape.width = detail::make_window(input.dim(height + 1), args.ksize[1], args.strides[1], 1,
                                    args.padding, pads[2], pads[3]);
  return shape;
}

namespace {

Shape output_shape(const PoolShape& s, DataFormat format) {
  if (format == DataFormat::kNCHW) {
    return Shape({s.batch, s.channels, s.height.output, s.width.output});
  }
  return Shape({s.batch, s.height.output, s.width.output, s.channels});
}

Shape pooled(const InferContext& context, const Shape& input, const Pool2DArgs& args) {
  check_rank(context.op_name(), "input", input);
  if (!input.has_rank()) return Shape({-1, -1, -1, -1});
  return output_shape(pool_shape(context.op_name(), input, args), args.data_format);
}

void infer_max_pool(InferContext& context) {
  context.set_output(0, context.dtype(0),
                     pooled(context, context.shape(0), context.attrs<Pool2DArgs>()));
}

void infer_avg_pool(InferContext& context) {
  if (context.attrs<Pool2DArgs>().padding == Padding::kExplicit) {
    throw InvalidArgumentError(
        text(context.op_name(), ": padding must be SAME or VALID, got EXPLICIT"));
  }
  infer_max_pool(context);
}

void check_pooled(const InferContext& context, int input, const Shape& expected) {
  if (!context.shape(input).is_compatible_with(expected)) {
    throw InvalidArgumentError(text(context.op_name(), ": input #", input, " must have the shape ",
                                    brackets(expected), ", got ", brackets(context.shape(input))));
  }
}

void infer_max_pool_grad(InferContext& context) {
  const Shape expected = pooled(context, context.shape(0), context.attrs<Pool2DArgs>());
  check_pooled(context, 1, expected);
  check_pooled(context, 2, expected);
  context.set_output(0, context.input(0));
}

void infer_max_pool_grad_grad(InferContext& context) {
  check_pooled(context, 1, pooled(context, context.shape(0), context.attrs<Pool2DArgs>()));
  check_pooled(context, 2, context.shape(0));
  context.set_output(0, context.input(1));
}

// The sizes of the pool's input, with the gradient's batch where it was left open.
Shape input_sizes(const AvgPoolGradArgs& args, const Shape& grad) {
  Shape sizes = args.sizes;
  if (sizes.rank() == 4 && sizes.dim(0) < 0 && grad.has_rank()) sizes.set_dim(0, grad.dim(0));
  return sizes;
}

void infer_avg_pool_grad(InferContext& context) {
  const auto& args = context.attrs<AvgPoolGradArgs>();
  check_rank(context.op_name(), "grad", context.shape(0));
  const Shape sizes = input_sizes(args, context.shape(0));
  if (!sizes.has_rank()) {
    throw InvalidArgumentError(text(context.op_name(), ": orig_input_shape must be known"));
  }
  check_pooled(context, 0, pooled(context, sizes, args.pool));
  context.set_output(0, context.dtype(0), sizes);
}

// ---- Kernels ----

PoolShape cpu_shape(const KernelContext& context, const Shape& input, const Pool2DArgs& args) {
  if (args.data_format != DataFormat::kNHWC) {
    throw UnimplementedError(text(context.op_name(), ": the CPU has no kernel for NCHW"));
  }
  return pool_shape(context.op_name(), input, args);
}

// Calls f<T>(geometry) for the type and the shape of the pool's input.
template <class F>
void run(KernelContext& context, const Shape& input, const Pool2DArgs& args, F&& f) {
  const PoolShape shape = cpu_shape(context, input, args);
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() { f.template operator()<T>(shape); });
}

void max_pool_cpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(), [&]<class T>(const PoolShape& s) {
    detail::max_pool(context.device_context(), s, context.in<T>(0), context.out<T>(0));
  });
}

void max_pool_grad_cpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(), [&]<class T>(const PoolShape& s) {
    detail::max_pool_gradient(context.device_context(), s, context.in<T>(0), context.in<T>(2),
                              context.out<T>(0));
  });
}

void max_pool_grad_grad_cpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(), [&]<class T>(const PoolShape& s) {
    detail::max_pool_gather(context.device_context(), s, context.in<T>(0), context.in<T>(2),
                            context.out<T>(0));
  });
}

void avg_pool_cpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(), [&]<class T>(const PoolShape& s) {
    detail::average_pool(context.device_context(), s, context.in<T>(0), context.out<T>(0));
  });
}

void avg_pool_grad_cpu(KernelContext& context) {
  const auto& args = context.attrs<AvgPoolGradArgs>().pool;
  run(context, context.output(0).shape, args, [&]<class T>(const PoolShape& s) {
    detail::average_pool_gradient(context.device_context(), s, context.in<T>(0), context.out<T>(0));
  });
}

// ---- Gradients ----

void max_pool_gradient(GradientContext& context) {
  context.set_input_gradient(
      0, execute(kMaxPoolGrad, {context.input(0), context.output(0), context.output_gradient(0)},
                 context.attrs<Pool2DArgs>()));
}

// The places of the maxima stay where they are, so only `grad` has a gradient.
void max_pool_grad_gradient(GradientContext& context) {
  if (!context.needs(2)) return;
  context.set_input_gradient(
      2, execute(kMaxPoolGradGrad, {context.input(0), context.input(1), context.output_gradient(0)},
                 context.attrs<Pool2DArgs>()));
}

void max_pool_grad_grad_gradient(GradientContext& context) {
  if (!context.needs(2)) return;
  context.set_input_gradient(
      2, execute(kMaxPoolGrad, {context.input(0), context.input(1), context.output_gradient(0)},
                 context.attrs<Pool2DArgs>()));
}

void avg_pool_gradient(GradientContext& context) {
  const AvgPoolGradArgs args{.pool = context.attrs<Pool2DArgs>(), .sizes = context.shape(0)};
  context.set_input_gradient(0, execute(kAvgPoolGrad, {context.output_gradient(0)}, args));
}

void avg_pool_grad_gradient(GradientContext& context) {
  context.set_input_gradient(
      0, execute(kAvgPool, {context.output_gradient(0)}, context.attrs<AvgPoolGradArgs>().pool));
}

}  // namespace

constinit const Op kMaxPool{.name = "MaxPool",
                            .inputs = {{"input"}},
                            .dtypes = kFloat32And64,
                            .gpu_dtypes = kFloatingTypes,
                            .gradient_reads = {.inputs = reads(0), .outputs = reads(0)},
                            .infer = infer_max_pool,
                            .gradient = max_pool_gradient,
                            .cpu = max_pool_cpu,
                            .gpu = KEEN_GPU_KERNEL(max_pool_gpu)};
KEEN_OP(kMaxPool);

constinit const Op kMaxPoolGrad{.name = "MaxPoolGrad",
                                .inputs = {{"orig_input"}, {"orig_output"}, {"grad"}},
                                .dtypes = kFloat32And64,
                                .gpu_dtypes = kFloatingTypes,
                                .gradient_reads = {.inputs = reads(0, 1)},
                                .infer = infer_max_pool_grad,
                                .gradient = max_pool_grad_gradient,
                                .cpu = max_pool_grad_cpu,
                                .gpu = KEEN_GPU_KERNEL(max_pool_grad_gpu)};
KEEN_OP(kMaxPoolGrad);

constinit const Op kMaxPoolGradGrad{.name = "MaxPoolGradGrad",
                                    .inputs = {{"orig_input"}, {"orig_output"}, {"grad"}},
                                    .dtypes = kFloat32And64,
                                    .gpu_dtypes = kFloatingTypes,
                                    .gradient_reads = {.inputs = reads(0, 1)},
                                    .infer = infer_max_pool_grad_grad,
                                    .gradient = max_pool_grad_grad_gradient,
                                    .cpu = max_pool_grad_grad_cpu,
                                    .gpu = KEEN_GPU_KERNEL(max_pool_grad_grad_gpu)};
KEEN_OP(kMaxPoolGradGrad);

constinit const Op kAvgPool{.name = "AvgPool",
                            .inputs = {{"value"}},
                            .dtypes = kFloat32And64,
                            .gpu_dtypes = kFloatingTypes,
                            .infer = infer_avg_pool,
                            .gradient = avg_pool_gradient,
                            .cpu = avg_pool_cpu,
                            .gpu = KEEN_GPU_KERNEL(avg_pool_gpu)};
KEEN_OP(kAvgPool);

constinit const Op kAvgPoolGrad{.name = "AvgPoolGrad",
                                .inputs = {{"grad"}},
                                .dtypes = kFloat32And64,
                                .gpu_dtypes = kFloatingTypes,
                                .infer = infer_avg_pool_grad,
                                .gradient = avg_pool_grad_gradient,
                                .cpu = avg_pool_grad_cpu,
                                .gpu = KEEN_GPU_KERNEL(avg_pool_grad_gpu)};
KEEN_OP(kAvgPoolGrad);

}  // namespace op

namespace nn {

Tensor max_pool2d(const Tensor& input, const Pool2DArgs& args) {
  return op::execute(op::kMaxPool, {input}, args);
}

Tensor avg_pool2d(const Tensor& input, const Pool2DArgs& args) {
  return op::execute(op::kAvgPool, {input}, args);
}

}  // namespace nn
}  // namespace keen
