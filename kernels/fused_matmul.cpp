#include "kernels/fused_matmul.h"

#include <algorithm>

#include "kernels/activations.h"
#include "kernels/bias_add.h"
#include "kernels/detail/channel_sums.h"
#include "kernels/detail/gemm.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/reduce.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen::op {

void matmul_bias_gpu(KernelContext& context);       // fused_matmul.cu
void matmul_bias_relu_gpu(KernelContext& context);  // fused_matmul.cu
void matmul_bias_grad_gpu(KernelContext& context);  // fused_matmul.cu

namespace {

using detail::GemmShape;

constexpr std::int64_t kGrain = 32 * 1024;  // elements that are worth a thread

void check_rank(const InferContext& context, int input, int rank) {
  const Shape& shape = context.shape(input);
  if (shape.has_rank() && shape.rank() != rank) {
    throw InvalidArgumentError(text(context.op_name(), ": In[", input, "] must have rank ", rank,
                                    ", got ", brackets(shape)));
  }
}

// Dimension `at` of a shape of that rank, -1 where it is not known.
std::int64_t dim_of(const Shape& shape, int at) { return shape.has_rank() ? shape[at] : -1; }

void check_same(const InferContext& context, std::int64_t one, std::int64_t other) {
  if (one < 0 || other < 0 || one == other) return;
  std::string message = text(context.op_name(), ": sizes don't fit: ");
  for (int i = 0; i < context.input_count(); ++i) {
    message += text(i == 0 ? "" : ", ", "In[", i, "]: ", brackets(context.shape(i)));
  }
  throw InvalidArgumentError(message);
}

void infer_matmul_bias(InferContext& context) {
  check_rank(context, 0, 2);
  check_rank(context, 1, 2);
  check_rank(context, 2, 1);
  const std::int64_t columns = dim_of(context.shape(1), 1);
  check_same(context, dim_of(context.shape(0), 1), dim_of(context.shape(1), 0));
  check_same(context, columns, dim_of(context.shape(2), 0));
  context.set_output(0, context.dtype(0), Shape({dim_of(context.shape(0), 0), columns}));
}

void infer_matmul_bias_grad(InferContext& context) {
  check_rank(context, 0, 2);
  check_rank(context, 1, 2);
  check_same(context, dim_of(context.shape(0), 0), dim_of(context.shape(1), 0));
  const std::int64_t columns = dim_of(context.shape(1), 1);
  context.set_output(0, context.dtype(0), Shape({dim_of(context.shape(0), 1), columns}));
  context.set_output(1, context.dtype(0), Shape({columns}));
}

template <class T, bool kRelu>
void matmul_bias_of(KernelContext& context) {
  const Shape& a = context.shape(0);
  const std::int64_t columns = context.shape(1)[1];
  const T* bias = context.in<T>(2);
  T* out = context.out<T>(0);
  detail::gemm(context.device_context(), GemmShape::dense(a[0], columns, a[1], false, false),
               context.in<T>(0), context.in<T>(1), out);
  device::cpu::parallel_for(
      context.threads(), a[0], 1 + kGrain / std::max<std::int64_t>(1, columns),
      [&](std::int64_t begin, std::int64_t end) {
        for (T* row = out + begin * columns; row != out + end * columns; row += columns) {
#pragma omp simd
          for (std::int64_t c = 0; c < columns; ++c) {
            const T sum = row[c] + bias[c];
            row[c] = kRelu && sum < T(0) ? T(0) : sum;
          }
        }
      });
}

template <bool kRelu>
void matmul_bias_cpu(KernelContext& context) {
  if (context.output(0).shape.num_elements() == 0) return;
  if (context.dtype(0) == DType::kFloat32) {
    matmul_bias_of<float, kRelu>(context);
  } else {
    matmul_bias_of<double, kRelu>(context);
  }
}

template <class T>
void matmul_bias_grad_of(KernelContext& context) {
  const Shape& a = context.shape(0);
  const std::int64_t columns = context.shape(1)[1];
  const T* dy = context.in<T>(1);
  detail::gemm(context.device_context(), GemmShape::dense(a[1], columns, a[0], true, false),
               context.in<T>(0), dy, context.out<T>(0));
  detail::channel_sums(context.device_context(), {a[0], columns}, dy, context.out<T>(1));
}

void matmul_bias_grad_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    matmul_bias_grad_of<float>(context);
  } else {
    matmul_bias_grad_of<double>(context);
  }
}

template <bool kRelu>
void matmul_bias_gradient(GradientContext& context) {
  Tensor dy = context.output_gradient(0);
  if constexpr (kRelu) dy = execute(kReluGrad, {dy, context.output(0)});
  if (context.needs(0)) {
    context.set_input_gradient(0, matmul(dy, context.input(1), {.transpose_b = true}));
  }
  if (context.needs(1) && context.needs(2)) {
    const Outputs both = execute(kMatMulBiasGrad, {context.input(0), dy});
    context.set_input_gradient(1, both[0]);
    context.set_input_gradient(2, both[1]);
  } else if (context.needs(1)) {
    context.set_input_gradient(1, matmul(context.input(0), dy, {.transpose_a = true}));
  } else if (context.needs(2)) {
    context.set_input_gradient(2, execute(kBiasAddGrad, {dy}, BiasAddArgs{}));
  }
}

// b's gradient is the product of a, transposed, and dy; the bias' is the sum of dy's rows.
void matmul_bias_grad_gradient(GradientContext& context) {
  const Tensor& g = context.output_gradient(0);
  const Tensor& bias = context.output_gradient(1);
  if (context.needs(0) && g.defined()) {
    context.set_input_gradient(0, matmul(context.input(1), g, {.transpose_b = true}));
  }
  if (!context.needs(1)) return;
  const TensorSpec& spec = context.spec(1);
  const Tensor product =
      g.defined() ? matmul(context.input(0), g) : fill(spec.shape, 0.0, spec.dtype);
  context.set_input_gradient(1, bias.defined() ? nn::bias_add(product, bias) : product);
}

}  // namespace

constinit const Op kMatMulBias{.name = "_MatMulBias",
                               .inputs = {{"a"}, {"b"}, {"bias"}},
                               .dtypes = kFloat32And64,
                               .gpu_dtypes = kFloatingTypes,
                               .gradient_reads = {.inputs = reads(0, 1)},
                               .infer = infer_matmul_bias,
                               .gradient = matmul_bias_gradient<false>,
                               .cpu = matmul_bias_cpu<false>,
                               .gpu = KEEN_GPU_KERNEL(matmul_bias_gpu)};
KEEN_OP(kMatMulBias);

constinit const Op kMatMulBiasRelu{.name = "_MatMulBiasRelu",
                                   .inputs = {{"a"}, {"b"}, {"bias"}},
                                   .dtypes = kFloat32And64,
                                   .gpu_dtypes = kFloatingTypes,
                                   .gradient_reads = {.inputs = reads(0, 1), .outputs = reads(0)},
                                   .infer = infer_matmul_bias,
                                   .gradient = matmul_bias_gradient<true>,
                                   .cpu = matmul_bias_cpu<true>,
                                   .gpu = KEEN_GPU_KERNEL(matmul_bias_relu_gpu)};
KEEN_OP(kMatMulBiasRelu);

constinit const Op kMatMulBiasGrad{.name = "_MatMulBiasGrad",
                                   .inputs = {{"a"}, {"dy"}},
                                   .outputs = 2,
                                   .dtypes = kFloat32And64,
                                   .gpu_dtypes = kFloatingTypes,
                                   .gradient_reads = {.inputs = reads(0, 1)},
                                   .infer = infer_matmul_bias_grad,
                                   .gradient = matmul_bias_grad_gradient,
                                   .cpu = matmul_bias_grad_cpu,
                                   .gpu = KEEN_GPU_KERNEL(matmul_bias_grad_gpu)};
KEEN_OP(kMatMulBiasGrad);

Tensor matmul_bias(const Tensor& a, const Tensor& b, const Tensor& bias) {
  return execute(kMatMulBias, {a, b, bias});
}

Tensor matmul_bias_relu(const Tensor& a, const Tensor& b, const Tensor& bias) {
  return execute(kMatMulBiasRelu, {a, b, bias});
}

}  // namespace keen::op
