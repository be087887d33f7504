#include "kernels/random_generator.h"

#include "kernels/random_kernels.h"
#include "kernels/random_seed.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"
#include "runtime/tensor/philox.h"

namespace keen {
namespace op {

// Writes where `state` is to key and counter and moves it on: stateless_random.cu.
void read_and_skip(KernelContext& context, std::uint64_t* state, std::uint64_t blocks);

namespace {

void infer_read_and_skip(InferContext& context) {
  // Only looked at: a shape that is malformed is refused here.
  static_cast<void>(detail::shape_input(context, 0));
  context.set_output(0, DType::kInt64, {1});
  context.set_output(1, DType::kInt64, {2});
}

template <class T>
std::int64_t elements_of(const T* dims, std::int64_t rank) {
  std::int64_t elements = 1;
  for (std::int64_t i = 0; i < rank; ++i) {
    elements *= dims[i];
  }
  return elements;
}

std::uint64_t blocks_of(const KernelContext& context) {
  const std::int64_t rank = context.shape(0).dim(0);
  const std::int64_t elements = context.dtype(0) == DType::kInt32
                                    ? elements_of(context.in<std::int32_t>(0), rank)
                                    : elements_of(context.in<std::int64_t>(0), rank);
  return random::blocks_for_outputs(elements);
}

void read_and_skip_cpu(KernelContext& context) {
  keen::detail::VariableWriter writer(context.variable(0));
  auto* state = static_cast<std::uint64_t*>(writer.update());
  const random::PhiloxState start{state[2], state[0], state[1]};
  context.out<std::uint64_t>(0)[0] = start.key;
  context.out<std::uint64_t>(1)[0] = start.counter_low;
  context.out<std::uint64_t>(1)[1] = start.counter_high;
  const random::PhiloxState next = start.skipped(blocks_of(context));
  state[0] = next.counter_low;
  state[1] = next.counter_high;
}

[[maybe_unused]] void read_and_skip_gpu(KernelContext& context) {
  keen::detail::VariableWriter writer(context.variable(0));
  read_and_skip(context, static_cast<std::uint64_t*>(writer.update()), blocks_of(context));
}

}  // namespace

constinit const Op kRngReadAndSkip{
    .name = "_RngReadAndSkip",
    .inputs = {{.name = "shape", .types = kIndexTypes, .host = true}},
    .outputs = 2,
    .effect = Effect::kWritesVariable,
    .infer = infer_read_and_skip,
    .gradient = not_differentiable,
    .cpu = read_and_skip_cpu,
    .gpu = KEEN_GPU_KERNEL(read_and_skip_gpu)};
KEEN_OP(kRngReadAndSkip);

}  // namespace op

namespace random {
namespace {

Tensor state_tensor(const PhiloxState& state) {
  const std::int64_t words[] = {static_cast<std::int64_t>(state.counter_low),
                                static_cast<std::int64_t>(state.counter_high),
                                static_cast<std::int64_t>(state.key)};
  return Tensor::from_memory(words, 3, {3});
}

// The seed as a 192-bit number in two's complement: counter first, the key from its highest bits.
Tensor state_of_seed(std::int64_t seed) {
  const std::uint64_t sign = seed < 0 ? ~std::uint64_t{0} : 0;
  return state_tensor(
      {.key = sign, .counter_low = static_cast<std::uint64_t>(seed), .counter_high = sign});
}

void check_state(const char* api, const Tensor& state) {
  if (state.dtype() != DType::kInt64 || state.shape() != Shape{3}) {
    throw ValueError(
        text(api, ": the state of a Philox generator is int64(3,), got ", state.spec()));
  }
}

// Numbers of `op` from where the generator is; `bounds` are those of UniformInt.
Tensor draw(const Generator& generator, const op::Op& op, const ShapeLike& shape, DType dtype,
            const Tensor* bounds = nullptr) {
  const Variable& state = generator.state();
  const op::Outputs start =
      op::execute(op::kRngReadAndSkip, {shape.tensor()}, AttrsView(), {&state, 1});
  const StatelessOpArgs args{.dtype = dtype, .alg = generator.algorithm()};
  if (bounds != nullptr) {
    return op::execute(op, {shape.tensor(), start[0], start[1], bounds[0], bounds[1]}, args);
  }
  return op::execute(op, {shape.tensor(), start[0], start[1]}, args);
}

Tensor scaled_normal(const Generator& generator, const op::Op& op, const char* api,
                     const ShapeLike& shape, const GeneratorNormalArgs& args) {
  detail::check_dtype(api, args.dtype, kFloatingTypes);
  const Tensor mean = args.mean.tensor(args.dtype, api, "mean");
  const Tensor stddev = args.stddev.tensor(args.dtype, api, "stddev");
  return detail::scale_normal(draw(generator, op, shape, args.dtype), mean, stddev);
}

}  // namespace

Generator::Generator(const Tensor& state, Algorithm alg)
    : state_(state, {.trainable = false, .name = "random_generator/StateVar"}), alg_(alg) {
  check_algorithm("random.Generator", alg);
}

Generator Generator::from_seed(std::int64_t seed, Algorithm alg) {
  return Generator(state_of_seed(seed), alg);
}

Generator Generator::from_state(const Tensor& state, Algorithm alg) {
  check_state("random.Generator.from_state", state);
  return Generator(state, alg);
}

Generator Generator::from_non_deterministic_state() {
  if (config::experimental::is_op_determinism_enabled()) {
    throw RuntimeError(
        "\"from_non_deterministic_state\" cannot be called when determinism is enabled.");
  }
  return Generator(state_tensor(unpredictable_start()), Algorithm::kPhilox);
}

void Generator::reset(const Tensor& state) const {
  check_state("random.Generator.reset", state);
  state_.assign(state);
}

void Generator::reset_from_seed(std::int64_t seed) const { state_.assign(state_of_seed(seed)); }

void Generator::skip(std::int64_t delta) const {
  const ShapeLike shape{delta};
  op::execute(op::kRngReadAndSkip, {shape.tensor()}, AttrsView(), {&state_, 1});
}

Tensor Generator::uniform(const ShapeLike& shape, const GeneratorUniformArgs& args) const {
  constexpr const char* kApi = "random.Generator.uniform";
  detail::check_dtype(kApi, args.dtype, kFloatingTypes | detail::kUniformIntTypes);
  const bool integer = is_integer(args.dtype);
  if (integer && args.minval.given() != args.maxval.given()) {
    throw ValueError(text(kApi, ": For integer dtype ", args.dtype,
                          ", minval and maxval must be both `None` or both non-`None`"));
  }
  if (integer && !args.minval.given()) {
    return uniform_full_int(shape, args.dtype);
  }
  const Parameter upper = args.maxval.given() ? args.maxval : Parameter(1);
  const Tensor bounds[] = {args.minval.tensor(args.dtype, kApi, "minval"),
                           upper.tensor(args.dtype, kApi, "maxval")};
  if (integer) {
    return draw(*this, op::kStatelessRandomUniformIntV2, shape, args.dtype, bounds);
  }
  return detail::scale_uniform(draw(*this, op::kStatelessRandomUniformV2, shape, args.dtype),
                               bounds[0], bounds[1]);
}

Tensor Generator::normal(const ShapeLike& shape, const GeneratorNormalArgs& args) const {
  return scaled_normal(*this, op::kStatelessRandomNormalV2, "random.Generator.normal", shape, args);
}

Tensor Generator::truncated_normal(const ShapeLike& shape, const GeneratorNormalArgs& args) const {
  return scaled_normal(*this, op::kStatelessTruncatedNormalV2, "random.Generator.truncated_normal",
                       shape, args);
}

Tensor Generator::uniform_full_int(const ShapeLike& shape, DType dtype) const {
  detail::check_dtype("random.Generator.uniform_full_int", dtype, detail::kUniformIntTypes);
  return draw(*this, op::kStatelessRandomUniformFullIntV2, shape, dtype);
}

}  // namespace random
}  // namespace keen
