#include "kernels/dropout.h"

#include <algorithm>

#include "kernels/detail/dropout.h"
#include "kernels/elementwise.h"
#include "kernels/random.h"
#include "kernels/random_fill.h"
#include "kernels/random_seed.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"
#include "runtime/tensor/constant.h"

namespace keen {

void dropout_gpu(op::KernelContext& context);  // dropout.cu
void dropout_grad_gpu(op::KernelContext& context);

namespace {

using detail::Dropout;
using detail::DropoutGradArgs;
using detail::DropoutOpArgs;

// Elements whose numbers are made at a time, and below which a second thread costs more than it
// saves.
constexpr std::int64_t kChunk = 1024;
constexpr std::int64_t kGrain = 16 * 1024;

// ---- _Dropout: x -> x with elements dropped, and which were kept ----

void infer_dropout(op::InferContext& context) {
  context.set_output(0, context.input(0));
  context.set_output(1, DType::kBool, context.shape(0));
}

template <class T>
void dropout_of(op::KernelContext& context, const random::PhiloxState& start) {
  using Numbers = random::Uniform<T>;
  const T* x = context.in<T>(0);
  T* out = context.out<T>(0);
  bool* mask = context.out<bool>(1);
  const Dropout<T> dropout(context.attrs<DropoutOpArgs>().rate);
  const std::int64_t n = context.shape(0).num_elements();
  device::cpu::parallel_for(context.threads(), (n + kChunk - 1) / kChunk, kGrain / kChunk,
                            [&](std::int64_t first, std::int64_t last) {
                              T numbers[kChunk];
                              for (std::int64_t chunk = first; chunk < last; ++chunk) {
                                const std::int64_t at = chunk * kChunk;
                                const std::int64_t count = std::min(kChunk, n - at);
                                random::fill_part(
                                    start.skipped(static_cast<std::uint64_t>(at / Numbers::kGroup)),
                                    Numbers(), 0, count, numbers);
                                for (std::int64_t i = 0; i < count; ++i) {
                                  const bool keep = dropout.keeps(numbers[i]);
                                  mask[at + i] = keep;
                                  out[at + i] = dropout.apply(keep, x[at + i]);
                                }
                              }
                            });
}

template <class F>
void visit_floating(const op::KernelContext& context, F&& f) {
  visit_dtype<float, double, half, bfloat16>(context.dtype(0), f);
}

void dropout_cpu(op::KernelContext& context) {
  const random::PhiloxState start = detail::dropout_start(context);
  visit_floating(context, [&]<class T>() { dropout_of<T>(context, start); });
}

void dropout_gradient(op::GradientContext& context);

constinit const op::Op kDropout{.name = "_Dropout",
                                .inputs = {{"x"}},
                                .outputs = 2,
                                .dtypes = kFloatingTypes,
                                .effect = op::Effect::kRandom,
                                .gradient_reads = {.outputs = op::reads(1)},
                                .infer = infer_dropout,
                                .gradient = dropout_gradient,
                                .cpu = dropout_cpu,
                                .gpu = KEEN_GPU_KERNEL(dropout_gpu)};
KEEN_OP(kDropout);

// ---- _DropoutGrad: the same elements kept and scaled ----

void infer_dropout_grad(op::InferContext& context) { context.set_output(0, context.input(0)); }

template <class T>
void dropout_grad_of(op::KernelContext& context) {
  const T* dy = context.in<T>(0);
  const bool* mask = context.in<bool>(1);
  T* dx = context.out<T>(0);
  const Dropout<T> dropout(context.attrs<DropoutGradArgs>().rate);
  device::cpu::parallel_for(context.threads(), context.shape(0).num_elements(), kGrain,
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t i = begin; i < end; ++i) {
                                dx[i] = dropout.apply(mask[i], dy[i]);
                              }
                            });
}

void dropout_grad_cpu(op::KernelContext& context) {
  visit_floating(context, [&]<class T>() { dropout_grad_of<T>(context); });
}

void dropout_grad_gradient(op::GradientContext& context);

constinit const op::Op kDropoutGrad{.name = "_DropoutGrad",
                                    .inputs = {{"dy"}, {"mask", set_of(DType::kBool)}},
                                    .dtypes = kFloatingTypes,
                                    .gradient_reads = {.inputs = op::reads(1)},
                                    .infer = infer_dropout_grad,
                                    .gradient = dropout_grad_gradient,
                                    .cpu = dropout_grad_cpu,
                                    .gpu = KEEN_GPU_KERNEL(dropout_grad_gpu)};
KEEN_OP(kDropoutGrad);

void dropout_gradient(op::GradientContext& context) {
  context.set_input_gradient(
      0, op::execute(kDropoutGrad, {context.output_gradient(0), context.output(1)},
                     DropoutGradArgs{.rate = context.attrs<DropoutOpArgs>().rate}));
}

void dropout_grad_gradient(op::GradientContext& context) {
  context.set_input_gradient(
      0, op::execute(kDropoutGrad, {context.output_gradient(0), context.input(1)},
                     context.attrs<DropoutGradArgs>()));
}

Shape mask_shape(const Shape& x, const std::optional<Shape>& noise_shape) {
  if (!noise_shape) {
    return x;
  }
  Shape shape = *noise_shape;
  for (int i = 0; i < shape.rank() && shape.rank() == x.rank(); ++i) {
    if (shape.dim(i) < 0) {
      shape.set_dim(i, x.dim(i));
    }
  }
  return shape;
}

}  // namespace

random::PhiloxState detail::dropout_start(const op::KernelContext& context) {
  return random::reserve(op::kRandomUniform.name, context.attrs<DropoutOpArgs>().random_args(),
                         random::blocks_for_outputs(context.shape(0).num_elements()));
}

Tensor nn::dropout(const Tensor& x, double rate, const DropoutArgs& args) {
  if (!(rate >= 0 && rate < 1)) {
    throw ValueError(
        text("nn.dropout: `rate` must be a scalar tensor or a float in the range "
             "[0, 1). Received: rate=",
             rate));
  }
  if (!is_floating(x.dtype())) {
    throw ValueError(
        text("nn.dropout: `x.dtype` must be a floating point tensor as `x` will be "
             "scaled. Received: x_dtype=",
             x.dtype()));
  }
  if (rate == 0) {
    static_cast<void>(random::get_seed(args.seed));
    return x;
  }
  const Shape mask = mask_shape(x.shape(), args.noise_shape);
  if (mask == x.shape()) {
    const random::RandomOpArgs drawn = random::next_op_args(x.dtype(), args.seed);
    return op::execute(kDropout, {x},
                       DropoutOpArgs{.rate = rate,
                                     .seed = drawn.seed,
                                     .seed2 = drawn.seed2,
                                     .dtype = drawn.dtype,
                                     .stream = drawn.stream})[0];
  }
  const Tensor scaled = x * scalar_like(1 / (1 - rate), x.dtype());
  const Tensor drawn = random::uniform(mask, {.dtype = x.dtype(), .seed = args.seed});
  return where(drawn >= scalar_like(rate, x.dtype()), scaled, scalar_like(0.0, x.dtype()));
}

}  // namespace keen
