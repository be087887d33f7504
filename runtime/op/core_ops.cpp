#include "runtime/op/core_ops.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/device/gpu.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace op {

// core_ops.cu
void fill_gpu(KernelContext& context);
void add_n_gpu(KernelContext& context);
void assign_add_gpu(KernelContext& context);
void assign_sub_gpu(KernelContext& context);

namespace {

// Elements below which a second thread costs more than it saves.
constexpr std::int64_t kGrain = 32 * 1024;

void infer_same(InferContext& context) { context.set_output(0, context.input(0)); }

void pass_gradient(GradientContext& context) {
  context.set_input_gradient(0, context.output_gradient(0));
}

// ---- Copy ----

struct CopyArgs {
  Device device;
  Device source;
};

void copy_elements(KernelContext& context) {
  if (context.dtype(0) == DType::kString) {
    context.share_output(0, context.input(0));
    return;
  }
  context.device_context().copy(context.out<void>(0), context.in<void>(0),
                                context.input(0).device(),
                                static_cast<std::size_t>(context.output(0).bytes()));
}

void copy_gradient(GradientContext& context) {
  context.set_input_gradient(0,
                             copy_to(context.output_gradient(0), context.attrs<CopyArgs>().source));
}

// ---- Fill ----

void infer_fill(InferContext& context) {
  const auto& args = context.attrs<FillArgs>();
  if (!args.shape.is_fully_defined()) {
    throw InvalidArgumentError(text("Fill: shape ", args.shape, " is not fully known"));
  }
  if (!contains(kFixedSizeTypes, args.dtype)) {
    throw InvalidArgumentError(text("Fill: dtype ", args.dtype, " is not a number's"));
  }
  context.set_output(0, args.dtype, args.shape);
}

void fill_cpu(KernelContext& context) {
  const auto& args = context.attrs<FillArgs>();
  const std::int64_t n = args.shape.num_elements();
  visit_dtype<float, double, half, bfloat16, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
              std::uint8_t, bool>(args.dtype, [&]<class T>() {
    T* out = context.out<T>(0);
    const T value = element_of<T>(args.value);
    device::cpu::parallel_for(context.threads(), n, kGrain,
                              [&](std::int64_t begin, std::int64_t end) {
                                for (std::int64_t i = begin; i < end; ++i) out[i] = value;
                              });
  });
}

// ---- AddN ----

void infer_add_n(InferContext& context) {
  if (context.input_count() == 0) throw InvalidArgumentError("AddN: there must be an input");
  for (int i = 1; i < context.input_count(); ++i) {
    if (context.shape(i) != context.shape(0)) {
      throw InvalidArgumentError(
          text("AddN: Inputs to operation AddN must have the same size and "
               "shape.  Input 0: ",
               brackets(context.shape(0)), " != input ", i, ": ", brackets(context.shape(i))));
    }
  }
  context.set_output(0, context.input(0));
}

template <class T>
void add_n_of(KernelContext& context) {
  T* out = context.out<T>(0);
  const int count = context.input_count();
  const T* first = context.in<T>(0);
  const auto body = [&](std::int64_t begin, std::int64_t end) {
    if (count == 1) std::copy(first + begin, first + end, out + begin);
    for (int input = 1; input < count; ++input) {
      const T* left = input == 1 ? first : out;
      const T* right = context.in<T>(input);
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) out[i] = static_cast<T>(left[i] + right[i]);
    }
  };
  device::cpu::parallel_for(context.threads(), context.output(0).shape.num_elements(), kGrain,
                            body);
}

void add_n_cpu(KernelContext& context) {
  if (!visit_dtype<float, double, half, bfloat16, std::int8_t, std::int16_t, std::int32_t,
                   std::int64_t, std::uint8_t>(context.dtype(0),
                                               [&]<class T>() { add_n_of<T>(context); })) {
    context.unsupported(context.dtype(0));
  }
}

void add_n_gradient(GradientContext& context) {
  for (int i = 0; i < context.input_count(); ++i) {
    context.set_input_gradient(i, context.output_gradient(0));
  }
}

// ---- Variables ----

void infer_read(InferContext& context) { context.set_output(0, context.variable(0).spec()); }

void read_value(KernelContext& context) {
  context.share_output(0, detail::take_value(context.variable(0)));
}

void infer_assign(InferContext& context) {
  const Variable& variable = context.variable(0);
  const TensorSpec& value = context.input(0);
  if (value.dtype != variable.dtype()) {
    throw InvalidArgumentError(text(context.op_name(), ": variable '", variable.name(), "' is ",
                                    variable.spec(), ", the value ", value));
  }
  if (!value.shape.is_compatible_with(variable.shape())) {
    throw ValueError(text("Cannot assign value to variable '", variable.name(),
                          "': Shape mismatch.The variable shape ", variable.shape(),
                          ", and the assigned value shape ", value.shape, " are incompatible."));
  }
}

void assign_value(KernelContext& context) {
  detail::VariableWriter(context.variable(0)).replace(context.input(0));
}

template <class T, int kSign>
void accumulate(KernelContext& context) {
  detail::VariableWriter writer(context.variable(0));
  T* to = static_cast<T*>(writer.update());
  const T* from = context.in<T>(0);
  device::cpu::parallel_for(context.threads(), context.shape(0).num_elements(), kGrain,
                            [&](std::int64_t begin, std::int64_t end) {
#pragma omp simd
                              for (std::int64_t i = begin; i < end; ++i) {
                                to[i] =
                                    static_cast<T>(kSign > 0 ? to[i] + from[i] : to[i] - from[i]);
                              }
                            });
}

template <int kSign>
void accumulate_cpu(KernelContext& context) {
  if (!visit_dtype<float, double, half, bfloat16, std::int8_t, std::int16_t, std::int32_t,
                   std::int64_t, std::uint8_t>(context.dtype(0),
                                               [&]<class T>() { accumulate<T, kSign>(context); })) {
    context.unsupported(context.dtype(0));
  }
}

}  // namespace

constinit const Op kIdentity{.name = "Identity",
                             .inputs = {{"input"}},
                             .dtypes = kAllTypes,
                             .shares_input = true,
                             .infer = infer_same,
                             .gradient = pass_gradient,
                             .cpu = copy_elements,
                             .gpu = KEEN_GPU_KERNEL(copy_elements)};
KEEN_OP(kIdentity);

constinit const Op kCopy{.name = "_Copy",
                         .inputs = {{"input"}},
                         .dtypes = kAllTypes,
                         .infer = infer_same,
                         .gradient = copy_gradient,
                         .cpu = copy_elements,
                         .gpu = KEEN_GPU_KERNEL(copy_elements)};
KEEN_OP(kCopy);

constinit const Op kFill{.name = "_Fill",
                         .infer = infer_fill,
                         .gradient = not_differentiable,
                         .cpu = fill_cpu,
                         .gpu = KEEN_GPU_KERNEL(fill_gpu)};
KEEN_OP(kFill);

constinit const Op kAddN{.name = "AddN",
                         .inputs = {{.name = "inputs", .arity = Arity::kVariadic}},
                         .dtypes = kNumericTypes,
                         .infer = infer_add_n,
                         .gradient = add_n_gradient,
                         .cpu = add_n_cpu,
                         .gpu = KEEN_GPU_KERNEL(add_n_gpu)};
KEEN_OP(kAddN);

// Tapes hand the gradient of a read to its variable; there is no input to give one to.
constinit const Op kReadVariable{.name = "ReadVariableOp",
                                 .effect = Effect::kReadsVariable,
                                 .infer = infer_read,
                                 .gradient = not_differentiable,
                                 .cpu = read_value,
                                 .gpu = KEEN_GPU_KERNEL(read_value)};
KEEN_OP(kReadVariable);

constinit const Op kAssignVariable{.name = "AssignVariableOp",
                                   .inputs = {{"value"}},
                                   .outputs = 0,
                                   .dtypes = kAllTypes,
                                   .effect = Effect::kWritesVariable,
                                   .infer = infer_assign,
                                   .gradient = not_differentiable,
                                   .cpu = assign_value,
                                   .gpu = KEEN_GPU_KERNEL(assign_value)};
KEEN_OP(kAssignVariable);

constinit const Op kAssignAddVariable{.name = "AssignAddVariableOp",
                                      .inputs = {{"value"}},
                                      .outputs = 0,
                                      .dtypes = kNumericTypes,
                                      .effect = Effect::kWritesVariable,
                                      .infer = infer_assign,
                                      .gradient = not_differentiable,
                                      .cpu = accumulate_cpu<1>,
                                      .gpu = KEEN_GPU_KERNEL(assign_add_gpu)};
KEEN_OP(kAssignAddVariable);

constinit const Op kAssignSubVariable{.name = "AssignSubVariableOp",
                                      .inputs = {{"value"}},
                                      .outputs = 0,
                                      .dtypes = kNumericTypes,
                                      .effect = Effect::kWritesVariable,
                                      .infer = infer_assign,
                                      .gradient = not_differentiable,
                                      .cpu = accumulate_cpu<-1>,
                                      .gpu = KEEN_GPU_KERNEL(assign_sub_gpu)};
KEEN_OP(kAssignSubVariable);

Device default_device() {
  static const Device device = device::gpu_count() > 0 ? gpu() : cpu();
  return device;
}

}  // namespace op

Tensor identity(const Tensor& input) { return op::execute(op::kIdentity, {input}); }

Tensor copy_to(const Tensor& input, Device device) {
  if (input.device() == device) return input;
  const DeviceScope scope(device);
  return op::execute(op::kCopy, {input}, op::CopyArgs{.device = device, .source = input.device()});
}

Tensor fill(const Shape& shape, double value, DType dtype) {
  return op::execute(op::kFill, {}, op::FillArgs{.shape = shape, .value = value, .dtype = dtype});
}

Tensor add_n(std::span<const Tensor> inputs) {
  if (inputs.empty()) throw ValueError("add_n: inputs must be a list of at least one tensor");
  return op::execute(op::kAddN, op::InputList(inputs));
}

}  // namespace keen
