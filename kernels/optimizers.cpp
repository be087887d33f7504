#include "kernels/optimizers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/detail/variable_writers.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/execute.h"

namespace keen {
namespace op {

// optimizers.cu
void gradient_descent_gpu(KernelContext& context);
void momentum_gpu(KernelContext& context);
void adam_gpu(KernelContext& context);

namespace {

// Elements below which a second thread costs more than it saves.
constexpr std::int64_t kGrain = 16 * 1024;

// ---- Checks ----

void check_distinct(const InferContext& context) {
  for (int i = 1; i < context.variable_count(); ++i) {
    for (int j = 0; j < i; ++j) {
      if (context.variable(i).is(context.variable(j))) [[unlikely]] {
        throw InvalidArgumentError(text(context.op_name(), ": variable '",
                                        context.variable(i).name(), "' is given twice"));
      }
    }
  }
}

void check_spec(const InferContext& context, int variable, const TensorSpec& wanted) {
  const Variable& given = context.variable(variable);
  if (given.spec() != wanted) [[unlikely]] {
    throw InvalidArgumentError(text(context.op_name(), ": variable '", given.name(), "' is ",
                                    given.spec(), ", expected ", wanted));
  }
}

// `each` variables for each gradient after `first` scalars.
void check_update(const InferContext& context, int first, int each) {
  const int gradients = context.input_count() - 1;
  if (context.variable_count() != first + each * gradients) {
    throw InvalidArgumentError(text(context.op_name(), ": ", gradients, " gradients need ",
                                    first + each * gradients, " variables, got ",
                                    context.variable_count()));
  }
  if (context.shape(0).rank() != 0) {
    throw InvalidArgumentError(
        text(context.op_name(), ": lr is not a scalar: ", brackets(context.shape(0))));
  }
  for (int i = 0; i < first; ++i) check_spec(context, i, {context.dtype(0), Shape()});
  for (int i = 0; i < gradients * each; ++i) {
    check_spec(context, first + i, context.input(1 + i / each));
  }
  check_distinct(context);
}

template <int kFirst, int kEach>
void infer_update(InferContext& context) {
  check_update(context, kFirst, kEach);
}

// ---- Kernels ----

// One gradient and the variables that it changes.
template <class T, int kEach>
struct Slice {
  const T* gradient;
  std::array<T*, kEach> to;
  std::int64_t begin;  // in the sequence of all elements
  std::int64_t end;
};

// Runs update(gradient, to, begin, end) over the elements of all variables, as one sequence that
// the threads share out.
template <class T, int kEach, class Update>
void update_all(const KernelContext& context, detail::VariableWriters& writers, int first,
                const Update& update) {
  std::vector<Slice<T, kEach>> slices;
  slices.reserve(static_cast<std::size_t>(context.input_count()));
  std::int64_t total = 0;
  for (int i = 1; i < context.input_count(); ++i) {
    Slice<T, kEach> slice{context.in<T>(i), {}, total, total + context.shape(i).num_elements()};
    for (int k = 0; k < kEach; ++k) {
      slice.to[static_cast<std::size_t>(k)] = writers.at<T>(first + (i - 1) * kEach + k);
    }
    total = slice.end;
    slices.push_back(slice);
  }
  const auto part = [&](std::int64_t begin, std::int64_t end) {
    for (const Slice<T, kEach>& slice : slices) {
      const std::int64_t from = std::max(begin, slice.begin);
      const std::int64_t until = std::min(end, slice.end);
      if (from < until) update(slice.gradient, slice.to, from - slice.begin, until - slice.begin);
    }
  };
  device::cpu::parallel_for(context.threads(), total, kGrain, part);
}

template <class T>
void gradient_descent(KernelContext& context) {
  detail::VariableWriters writers(context);
  const T rate = *context.in<T>(0);
  update_all<T, 1>(
      context, writers, 0,
      [rate](const T* g, const std::array<T*, 1>& to, std::int64_t begin, std::int64_t end) {
        T* var = to[0];
#pragma omp simd
        for (std::int64_t i = begin; i < end; ++i) var[i] -= g[i] * rate;
      });
}

template <class T>
void momentum(KernelContext& context) {
  detail::VariableWriters writers(context);
  const T rate = *context.in<T>(0);
  const auto& args = context.attrs<ApplyMomentumArgs>();
  const T factor = static_cast<T>(args.momentum);
  const bool nesterov = args.use_nesterov;
  update_all<T, 2>(context, writers, 0,
                   [rate, factor, nesterov](const T* g, const std::array<T*, 2>& to,
                                            std::int64_t begin, std::int64_t end) {
                     T* var = to[0];
                     T* accum = to[1];
                     if (nesterov) {
#pragma omp simd
                       for (std::int64_t i = begin; i < end; ++i) {
                         accum[i] = accum[i] * factor + g[i];
                         var[i] -= g[i] * rate + accum[i] * factor * rate;
                       }
                       return;
                     }
#pragma omp simd
                     for (std::int64_t i = begin; i < end; ++i) {
                       accum[i] = accum[i] * factor + g[i];
                       var[i] -= accum[i] * rate;
                     }
                   });
}

template <class T>
void adam(KernelContext& context) {
  detail::VariableWriters writers(context);
  const auto& args = context.attrs<ApplyAdamArgs>();
  T& beta1_power = *writers.at<T>(0);
  T& beta2_power = *writers.at<T>(1);
  const T beta1 = static_cast<T>(args.beta1);
  const T beta2 = static_cast<T>(args.beta2);
  const T epsilon = static_cast<T>(args.epsilon);
  const T alpha = *context.in<T>(0) * std::sqrt(T(1) - beta2_power) / (T(1) - beta1_power);
  update_all<T, 3>(
      context, writers, 2,
      [=](const T* g, const std::array<T*, 3>& to, std::int64_t begin, std::int64_t end) {
        T* var = to[0];
        T* m = to[1];
        T* v = to[2];
#pragma omp simd
        for (std::int64_t i = begin; i < end; ++i) {
          m[i] += (g[i] - m[i]) * (T(1) - beta1);
          v[i] += (g[i] * g[i] - v[i]) * (T(1) - beta2);
          var[i] -= m[i] * alpha / (std::sqrt(v[i]) + epsilon);
        }
      });
  beta1_power *= beta1;
  beta2_power *= beta2;
}

void gradient_descent_cpu(KernelContext& context) {
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() { gradient_descent<T>(context); });
}
void momentum_cpu(KernelContext& context) {
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() { momentum<T>(context); });
}
void adam_cpu(KernelContext& context) {
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() { adam<T>(context); });
}

}  // namespace

constinit const Op kApplyGradientDescent{
    .name = "_ApplyGradientDescent",
    .inputs = {{"lr"}, {.name = "gradients", .arity = Arity::kVariadic}},
    .outputs = 0,
    .dtypes = kFloat32And64,
    .effect = Effect::kWritesVariable,
    .infer = infer_update<0, 1>,
    .gradient = not_differentiable,
    .cpu = gradient_descent_cpu,
    .gpu = KEEN_GPU_KERNEL(gradient_descent_gpu)};
KEEN_OP(kApplyGradientDescent);

constinit const Op kApplyMomentum{
    .name = "_ApplyMomentum",
    .inputs = {{"lr"}, {.name = "gradients", .arity = Arity::kVariadic}},
    .outputs = 0,
    .dtypes = kFloat32And64,
    .effect = Effect::kWritesVariable,
    .infer = infer_update<0, 2>,
    .gradient = not_differentiable,
    .cpu = momentum_cpu,
    .gpu = KEEN_GPU_KERNEL(momentum_gpu)};
KEEN_OP(kApplyMomentum);

constinit const Op kApplyAdam{.name = "_ApplyAdam",
                              .inputs = {{"lr"}, {.name = "gradients", .arity = Arity::kVariadic}},
                              .outputs = 0,
                              .dtypes = kFloat32And64,
                              .effect = Effect::kWritesVariable,
                              .infer = infer_update<2, 3>,
                              .gradient = not_differentiable,
                              .cpu = adam_cpu,
                              .gpu = KEEN_GPU_KERNEL(adam_gpu)};
KEEN_OP(kApplyAdam);

}  // namespace op

namespace train {
namespace {

void apply(const op::Op& op, std::span<const Variable> variables, const Tensor& learning_rate,
           std::span<const Tensor> gradients, AttrsView attrs) {
  op::InputList inputs({});
  inputs.push_back(learning_rate);
  for (const Tensor& gradient : gradients) inputs.push_back(gradient);
  op::execute(op, inputs, attrs, variables);
}

}  // namespace

void apply_gradient_descent(std::span<const Variable> variables, const Tensor& learning_rate,
                            std::span<const Tensor> gradients) {
  apply(op::kApplyGradientDescent, variables, learning_rate, gradients, {});
}

void apply_momentum(std::span<const Variable> variables, const Tensor& learning_rate,
                    std::span<const Tensor> gradients, const ApplyMomentumArgs& args) {
  apply(op::kApplyMomentum, variables, learning_rate, gradients, args);
}

void apply_adam(std::span<const Variable> variables, const Tensor& learning_rate,
                std::span<const Tensor> gradients, const ApplyAdamArgs& args) {
  apply(op::kApplyAdam, variables, learning_rate, gradients, args);
}

}  // namespace train
}  // namespace keen
