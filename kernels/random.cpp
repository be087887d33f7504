#include "kernels/random.h"

#include "kernels/random_kernels.h"
#include "kernels/random_seed.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"

namespace keen {
namespace op {
namespace {

using random::PhiloxState;
using random::RandomOpArgs;

constexpr int kBounds = 1;  // minval and maxval follow the shape

void infer_floating(InferContext& context) {
  random::detail::infer_random(context, context.attrs<RandomOpArgs>().dtype, kFloatingTypes);
}

void infer_int(InferContext& context) {
  random::detail::infer_random(context, random::detail::bounds_dtype(context, kBounds),
                               random::detail::kUniformIntTypes);
}

PhiloxState start_of(const KernelContext& context) {
  return random::reserve(context.op_name(), context.attrs<RandomOpArgs>(),
                         random::blocks_for_outputs(context.output(0).shape.num_elements()));
}

template <void (*kFill)(KernelContext&, const PhiloxState&)>
void floating_cpu(KernelContext& context) {
  kFill(context, start_of(context));
}

template <void (*kFill)(KernelContext&, const random::detail::GpuStart&)>
void floating_gpu(KernelContext& context) {
  kFill(context, {.known = start_of(context)});
}

void int_cpu(KernelContext& context) {
  random::detail::check_bounds(context, kBounds);
  random::detail::fill_uniform_int(context, start_of(context), kBounds);
}

#ifdef KEEN_HAS_CUDA
void int_gpu(KernelContext& context) {
  random::detail::check_bounds(context, kBounds);
  random::detail::fill_uniform_int_gpu(context, {.known = start_of(context)}, kBounds);
}
#endif

}  // namespace

constinit const Op kRandomUniform{
    .name = "RandomUniform",
    .inputs = {{.name = "shape", .types = kIndexTypes, .host = true}},
    .effect = Effect::kRandom,
    .infer = infer_floating,
    .gradient = not_differentiable,
    .cpu = floating_cpu<random::detail::fill_uniform>,
    .gpu = KEEN_GPU_KERNEL(floating_gpu<random::detail::fill_uniform_gpu>)};
KEEN_OP(kRandomUniform);

constinit const Op kRandomUniformInt{
    .name = "RandomUniformInt",
    .inputs = {{.name = "shape", .types = kIndexTypes, .host = true},
               {.name = "minval", .host = true},
               {.name = "maxval", .host = true}},
    .dtypes = random::detail::kUniformIntTypes,
    .effect = Effect::kRandom,
    .infer = infer_int,
    .gradient = not_differentiable,
    .cpu = int_cpu,
    .gpu = KEEN_GPU_KERNEL(int_gpu)};
KEEN_OP(kRandomUniformInt);

constinit const Op kRandomStandardNormal{
    .name = "RandomStandardNormal",
    .inputs = {{.name = "shape", .types = kIndexTypes, .host = true}},
    .effect = Effect::kRandom,
    .infer = infer_floating,
    .gradient = not_differentiable,
    .cpu = floating_cpu<random::detail::fill_normal>,
    .gpu = KEEN_GPU_KERNEL(floating_gpu<random::detail::fill_normal_gpu>)};
KEEN_OP(kRandomStandardNormal);

constinit const Op kTruncatedNormal{
    .name = "TruncatedNormal",
    .inputs = {{.name = "shape", .types = kIndexTypes, .host = true}},
    .effect = Effect::kRandom,
    .infer = infer_floating,
    .gradient = not_differentiable,
    .cpu = floating_cpu<random::detail::fill_truncated_normal>,
    .gpu = KEEN_GPU_KERNEL(floating_gpu<random::detail::fill_truncated_normal_gpu>)};
KEEN_OP(kTruncatedNormal);

}  // namespace op

namespace random {
namespace {

Tensor standard(const op::Op& op, const ShapeLike& shape, DType dtype,
                std::optional<std::int64_t> seed) {
  return op::execute(op, {shape.tensor()}, next_op_args(dtype, seed));
}

// Parameters become tensors before a seed is drawn, as in TensorFlow: a bad one takes no seed.
Tensor scaled_normal(const op::Op& op, const char* api, const ShapeLike& shape,
                     const NormalArgs& args) {
  detail::check_dtype(api, args.dtype, kFloatingTypes);
  const Tensor mean = args.mean.tensor(args.dtype, api, "mean");
  const Tensor stddev = args.stddev.tensor(args.dtype, api, "stddev");
  return detail::scale_normal(standard(op, shape, args.dtype, args.seed), mean, stddev);
}

}  // namespace

Tensor uniform(const ShapeLike& shape, const UniformArgs& args) {
  constexpr const char* kApi = "random.uniform";
  detail::check_dtype(kApi, args.dtype, kFloatingTypes | detail::kUniformIntTypes);
  if (is_integer(args.dtype) && !args.maxval.given()) {
    throw ValueError(text(kApi, ": Must specify maxval for integer dtype ", args.dtype));
  }
  const Parameter upper = args.maxval.given() ? args.maxval : Parameter(1);
  // TensorFlow leaves the scaling out for the whole numbers 0 and 1 alone.
  if (!is_integer(args.dtype) && args.minval.is(0) && upper.is(1)) {
    return standard(op::kRandomUniform, shape, args.dtype, args.seed);
  }
  const Tensor minval = args.minval.tensor(args.dtype, kApi, "minval");
  const Tensor maxval = upper.tensor(args.dtype, kApi, "maxval");
  if (is_integer(args.dtype)) {
    return op::execute(op::kRandomUniformInt, {shape.tensor(), minval, maxval},
                       next_op_args(args.dtype, args.seed));
  }
  return detail::scale_uniform(standard(op::kRandomUniform, shape, args.dtype, args.seed), minval,
                               maxval);
}

Tensor normal(const ShapeLike& shape, const NormalArgs& args) {
  return scaled_normal(op::kRandomStandardNormal, "random.normal", shape, args);
}

Tensor truncated_normal(const ShapeLike& shape, const NormalArgs& args) {
  return scaled_normal(op::kTruncatedNormal, "random.truncated_normal", shape, args);
}

}  // namespace random
}  // namespace keen
