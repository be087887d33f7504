#include "kernels/stateless_random.h"

#include "kernels/random_kernels.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/philox.h"
#include "runtime/tensor/random_distribution.h"

namespace keen {
namespace op {

void key_counter_gpu(KernelContext& context);  // stateless_random.cu
void fold_in_gpu(KernelContext& context);

namespace {

using random::PhiloxState;
using random::StatelessOpArgs;

constexpr int kKey = 1;
constexpr int kCounter = 2;
constexpr int kBounds = 3;

void check_shape(const InferContext& context, int i, const char* name, const Shape& wanted) {
  if (!context.shape(i).is_compatible_with(wanted)) {
    throw InvalidArgumentError(text(context.op_name(), ": ", name, " must have shape ",
                                    brackets(wanted), ", not ", brackets(context.shape(i))));
  }
}

void infer_key_counter(InferContext& context) {
  check_shape(context, 0, "seed", {2});
  context.set_output(0, DType::kInt64, {1});
  context.set_output(1, DType::kInt64, {2});
}

PhiloxState start_of_seed(const KernelContext& context) {
  if (context.dtype(0) == DType::kInt32) {
    const auto* seed = context.in<std::int32_t>(0);
    return random::stateless_start(seed[0], seed[1]);
  }
  const auto* seed = context.in<std::int64_t>(0);
  return random::stateless_start(seed[0], seed[1]);
}

void key_counter_cpu(KernelContext& context) {
  const PhiloxState start = start_of_seed(context);
  context.out<std::uint64_t>(0)[0] = start.key;
  context.out<std::uint64_t>(1)[0] = start.counter_low;
  context.out<std::uint64_t>(1)[1] = start.counter_high;
}

void infer(InferContext& context, DType dtype, DTypeSet dtypes) {
  check_shape(context, kKey, "key", {1});
  check_shape(context, kCounter, "counter", {2});
  random::check_algorithm(context.op_name(), context.attrs<StatelessOpArgs>().alg);
  random::detail::infer_random(context, dtype, dtypes);
}

void infer_floating(InferContext& context) {
  infer(context, context.attrs<StatelessOpArgs>().dtype, kFloatingTypes);
}

void infer_int(InferContext& context) {
  infer(context, random::detail::bounds_dtype(context, kBounds), random::detail::kUniformIntTypes);
}

void infer_full_int(InferContext& context) {
  infer(context, context.attrs<StatelessOpArgs>().dtype, random::detail::kUniformIntTypes);
}

PhiloxState start_of(const KernelContext& context) {
  const auto* counter = context.in<std::uint64_t>(kCounter);
  return {context.in<std::uint64_t>(kKey)[0], counter[0], counter[1]};
}

template <void (*kFill)(KernelContext&, const PhiloxState&)>
void fill_cpu(KernelContext& context) {
  kFill(context, start_of(context));
}

[[maybe_unused]] random::detail::GpuStart gpu_start_of(const KernelContext& context) {
  return {.key = context.in<std::uint64_t>(kKey), .counter = context.in<std::uint64_t>(kCounter)};
}

template <void (*kFill)(KernelContext&, const random::detail::GpuStart&)>
void fill_gpu(KernelContext& context) {
  kFill(context, gpu_start_of(context));
}

void int_cpu(KernelContext& context) {
  random::detail::check_bounds(context, kBounds);
  random::detail::fill_uniform_int(context, start_of(context), kBounds);
}

#ifdef KEEN_HAS_CUDA
void int_gpu(KernelContext& context) {
  random::detail::check_bounds(context, kBounds);
  random::detail::fill_uniform_int_gpu(context, gpu_start_of(context), kBounds);
}
#endif

void infer_fold_in(InferContext& context) {
  check_shape(context, 0, "seed", {2});
  check_shape(context, 1, "data", {});
  context.set_output(0, context.dtype(1), {2});
}

void fold_in_cpu(KernelContext& context) {
  const random::PhiloxBlock block = random::philox_block(start_of_seed(context));
  visit_dtype<std::int32_t, std::int64_t>(context.dtype(1), [&]<class T>() {
    T numbers[random::UniformFullInt<T>::kGroup];
    random::UniformFullInt<T>()(block, numbers);
    context.out<T>(0)[0] = numbers[0];
    context.out<T>(0)[1] = *context.in<T>(1);
  });
}

constexpr InputDef kShapeInput{.name = "shape", .types = kIndexTypes, .host = true};
constexpr InputDef kKeyInput{.name = "key", .types = set_of(DType::kInt64)};
constexpr InputDef kCounterInput{.name = "counter", .types = set_of(DType::kInt64)};

}  // namespace

constinit const Op kStatelessRandomGetKeyCounter{.name = "StatelessRandomGetKeyCounter",
                                                 .inputs = {{.name = "seed", .types = kIndexTypes}},
                                                 .outputs = 2,
                                                 .infer = infer_key_counter,
                                                 .gradient = not_differentiable,
                                                 .cpu = key_counter_cpu,
                                                 .gpu = KEEN_GPU_KERNEL(key_counter_gpu)};
KEEN_OP(kStatelessRandomGetKeyCounter);

constinit const Op kStatelessRandomUniformV2{
    .name = "StatelessRandomUniformV2",
    .inputs = {kShapeInput, kKeyInput, kCounterInput},
    .infer = infer_floating,
    .gradient = not_differentiable,
    .cpu = fill_cpu<random::detail::fill_uniform>,
    .gpu = KEEN_GPU_KERNEL(fill_gpu<random::detail::fill_uniform_gpu>)};
KEEN_OP(kStatelessRandomUniformV2);

constinit const Op kStatelessRandomUniformIntV2{.name = "StatelessRandomUniformIntV2",
                                                .inputs = {kShapeInput,
                                                           kKeyInput,
                                                           kCounterInput,
                                                           {.name = "minval", .host = true},
                                                           {.name = "maxval", .host = true}},
                                                .dtypes = random::detail::kUniformIntTypes,
                                                .infer = infer_int,
                                                .gradient = not_differentiable,
                                                .cpu = int_cpu,
                                                .gpu = KEEN_GPU_KERNEL(int_gpu)};
KEEN_OP(kStatelessRandomUniformIntV2);

constinit const Op kStatelessRandomUniformFullIntV2{
    .name = "StatelessRandomUniformFullIntV2",
    .inputs = {kShapeInput, kKeyInput, kCounterInput},
    .infer = infer_full_int,
    .gradient = not_differentiable,
    .cpu = fill_cpu<random::detail::fill_full_int>,
    .gpu = KEEN_GPU_KERNEL(fill_gpu<random::detail::fill_full_int_gpu>)};
KEEN_OP(kStatelessRandomUniformFullIntV2);

constinit const Op kStatelessRandomNormalV2{
    .name = "StatelessRandomNormalV2",
    .inputs = {kShapeInput, kKeyInput, kCounterInput},
    .infer = infer_floating,
    .gradient = not_differentiable,
    .cpu = fill_cpu<random::detail::fill_normal>,
    .gpu = KEEN_GPU_KERNEL(fill_gpu<random::detail::fill_normal_gpu>)};
KEEN_OP(kStatelessRandomNormalV2);

constinit const Op kStatelessTruncatedNormalV2{
    .name = "StatelessTruncatedNormalV2",
    .inputs = {kShapeInput, kKeyInput, kCounterInput},
    .infer = infer_floating,
    .gradient = not_differentiable,
    .cpu = fill_cpu<random::detail::fill_truncated_normal>,
    .gpu = KEEN_GPU_KERNEL(fill_gpu<random::detail::fill_truncated_normal_gpu>)};
KEEN_OP(kStatelessTruncatedNormalV2);

constinit const Op kStatelessFoldIn{
    .name = "_StatelessFoldIn",
    .inputs = {{.name = "seed", .types = kIndexTypes}, {.name = "data", .types = kIndexTypes}},
    .infer = infer_fold_in,
    .gradient = not_differentiable,
    .cpu = fold_in_cpu,
    .gpu = KEEN_GPU_KERNEL(fold_in_gpu)};
KEEN_OP(kStatelessFoldIn);

}  // namespace op

namespace random {
namespace {

// Numbers of `op` from the place that the seed stands for.
Tensor standard(const op::Op& op, const ShapeLike& shape, const StatelessSeed& seed,
                const StatelessOpArgs& args) {
  const op::Outputs start = op::execute(op::kStatelessRandomGetKeyCounter, {seed.tensor()});
  return op::execute(op, {shape.tensor(), start[0], start[1]}, args);
}

Tensor scaled_normal(const op::Op& op, const char* api, const ShapeLike& shape,
                     const StatelessSeed& seed, const StatelessNormalArgs& args) {
  detail::check_dtype(api, args.dtype, kFloatingTypes);
  const Tensor mean = args.mean.tensor(args.dtype, api, "mean");
  const Tensor stddev = args.stddev.tensor(args.dtype, api, "stddev");
  return detail::scale_normal(standard(op, shape, seed, {.dtype = args.dtype, .alg = args.alg}),
                              mean, stddev);
}

}  // namespace

void check_algorithm(const char* what, Algorithm alg) {
  if (alg == Algorithm::kThreefry) {
    throw UnimplementedError(text(what, ": Non-XLA devices don't support the ThreeFry algorithm."));
  }
  if (alg != Algorithm::kPhilox && alg != Algorithm::kAutoSelect) {
    throw InvalidArgumentError(text(what, ": Unsupported algorithm id: ", static_cast<int>(alg)));
  }
}

StatelessSeed::StatelessSeed(std::initializer_list<std::int64_t> seed)
    : tensor_(constant(seed, {.dtype = DType::kInt64})) {}

Tensor stateless_uniform(const ShapeLike& shape, const StatelessSeed& seed,
                         const StatelessUniformArgs& args) {
  constexpr const char* kApi = "random.stateless_uniform";
  detail::check_dtype(kApi, args.dtype, kFloatingTypes | detail::kUniformIntTypes);
  const bool integer = is_integer(args.dtype);
  const StatelessOpArgs op_args{.dtype = args.dtype, .alg = args.alg};
  if (integer && args.minval.given() != args.maxval.given()) {
    throw ValueError(text(kApi, ": For integer `dtype` argument ", args.dtype,
                          ", argument `minval` and `maxval` must be both None or not None."));
  }
  if (integer && !args.minval.given()) {
    return standard(op::kStatelessRandomUniformFullIntV2, shape, seed, op_args);
  }
  const Parameter upper = args.maxval.given() ? args.maxval : Parameter(1);
  const Tensor minval = args.minval.tensor(args.dtype, kApi, "minval");
  const Tensor maxval = upper.tensor(args.dtype, kApi, "maxval");
  if (integer) {
    const op::Outputs start = op::execute(op::kStatelessRandomGetKeyCounter, {seed.tensor()});
    return op::execute(op::kStatelessRandomUniformIntV2,
                       {shape.tensor(), start[0], start[1], minval, maxval}, op_args);
  }
  return detail::scale_uniform(standard(op::kStatelessRandomUniformV2, shape, seed, op_args),
                               minval, maxval);
}

Tensor stateless_normal(const ShapeLike& shape, const StatelessSeed& seed,
                        const StatelessNormalArgs& args) {
  return scaled_normal(op::kStatelessRandomNormalV2, "random.stateless_normal", shape, seed, args);
}

Tensor stateless_truncated_normal(const ShapeLike& shape, const StatelessSeed& seed,
                                  const StatelessNormalArgs& args) {
  return scaled_normal(op::kStatelessTruncatedNormalV2, "random.stateless_truncated_normal", shape,
                       seed, args);
}

Tensor fold_in(const StatelessSeed& seed, const Tensor& data) {
  return op::execute(op::kStatelessFoldIn, {seed.tensor(), data});
}

Tensor fold_in(const StatelessSeed& seed, std::int64_t data) {
  return fold_in(seed, Tensor::scalar(data));
}

Tensor split(const StatelessSeed& seed, std::int64_t num) {
  return stateless_uniform({num, 2}, seed,
                           {.minval = {}, .maxval = {}, .dtype = seed.tensor().dtype()});
}

}  // namespace random
}  // namespace keen
