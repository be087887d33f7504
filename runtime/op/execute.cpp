#include "runtime/op/execute.h"

#include <pthread.h>

#include <atomic>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/logging.h"
#include "runtime/base/text.h"
#include "runtime/device/ledger.h"
#include "runtime/device/running_op.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"

namespace keen::op {
namespace {

// Results of at most this many bytes are computed while tracing, so that shapes made of constants
// are known; larger ones would live as long as the trace.
constexpr std::int64_t kMaxFoldedBytes = 1024;

const std::shared_ptr<const Backward> kNoBackward;

// OpenMP's threads do not survive a fork, nor do a GPU's contexts.
constinit std::atomic<bool> forked{false};
[[gnu::constructor]] void watch_forks() {
  pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
}

std::string list_of(DTypeSet types) {
  std::string out;
  for (int i = 1; i <= static_cast<int>(DType::kString); ++i) {
    if (!contains(types, static_cast<DType>(i))) continue;
    if (!out.empty()) out += ", ";
    append_text(out, static_cast<DType>(i));
  }
  return out;
}

KEEN_NOINLINE [[noreturn]] void wrong_count(const Op& op, int given) {
  const int wanted = op.inputs.fixed();
  throw InvalidArgumentError(text(op.name, ": expected ", op.inputs.variadic() ? "at least " : "",
                                  wanted, " inputs, got ", given));
}

KEEN_NOINLINE [[noreturn]] void missing_input(const Op& op, int i) {
  throw InvalidArgumentError(text(op.name, ": input '", op.inputs[i].name, "' is undefined"));
}

KEEN_NOINLINE [[noreturn]] void mixed_types(const Op& op, int i, DType wanted, DType given) {
  throw InvalidArgumentError(text("cannot compute ", op.name, " as input #", i,
                                  "(zero-based) was expected to be a ", kernel_name_of(wanted),
                                  " tensor but is a ", kernel_name_of(given),
                                  " tensor [Op:", op.name, "]"));
}

KEEN_NOINLINE [[noreturn]] void wrong_type(const Op& op, int i, DTypeSet wanted,
                                           const TensorSpec& given) {
  throw InvalidArgumentError(text(op.name, ": input '", op.inputs[i].name, "' is ", given,
                                  "; its dtype must be one of ", list_of(wanted)));
}

KEEN_NOINLINE [[noreturn]] void out_of_scope(const Op& op, int i) {
  throw TypeError(text(op.name, ": input '", op.inputs[i].name,
                       "' is a symbolic tensor of a function that is no longer being traced; it is "
                       "out of scope and cannot be used here"));
}

// Arity, presence and dtypes, so that no kernel checks them.
void check_inputs(const Op& op, const Inputs& inputs, bool tracing) {
  const int count = inputs.size();
  if (count != op.inputs.size() && (!op.inputs.variadic() || count < op.inputs.fixed()))
      [[unlikely]] {
    wrong_count(op, count);
  }
  DType shared = DType::kInvalid;
  for (int i = 0; i < count; ++i) {
    const InputDef& def = op.inputs[i];
    const TensorImpl* impl = inputs[i].impl_or_null();
    if (impl == nullptr) [[unlikely]] {
      if (def.arity == Arity::kOptional) continue;
      missing_input(op, i);
    }
    if (!tracing && !impl->buffer) [[unlikely]] {
      out_of_scope(op, i);
    }
    const DType dtype = impl->spec.dtype;
    if (def.types != kTypeT) {
      if (!contains(def.types, dtype)) [[unlikely]] {
        wrong_type(op, i, def.types, impl->spec);
      }
      continue;
    }
    if (dtype == shared) continue;
    if (shared != DType::kInvalid) [[unlikely]] {
      mixed_types(op, i, shared, dtype);
    }
    if (!contains(op.dtypes | op.gpu_dtypes, dtype)) [[unlikely]] {
      wrong_type(op, i, op.dtypes | op.gpu_dtypes, impl->spec);
    }
    shared = dtype;
  }
}

// The variable's device, for it is there that its elements are; else the scope's, else a GPU that
// holds an input not read on the host, else the default.
Device place(const Op& op, const Inputs& inputs, std::span<const Variable> variables,
             const Context& context) {
  if (!variables.empty()) return variables[0].device();
  if (context.device()) return *context.device();
  for (int i = 0; i < inputs.size(); ++i) {
    const TensorImpl* impl = inputs[i].impl_or_null();
    if (impl != nullptr && impl->device.type == DeviceType::kGpu && !op.inputs[i].host) {
      return impl->device;
    }
  }
  return default_device();
}

Device wanted_device(const Op& op, int input, Device device) {
  return op.inputs[input].host ? cpu() : device;
}

bool inputs_lie_elsewhere(const Op& op, const Inputs& inputs, Device device) {
  for (int i = 0; i < inputs.size(); ++i) {
    const TensorImpl* impl = inputs[i].impl_or_null();
    if (impl != nullptr && impl->device != wanted_device(op, i, device)) return true;
  }
  return false;
}

void allocate(Outputs& outputs, Device device) {
  for (Tensor& output : outputs) {
    TensorImpl& impl = output.impl();
    impl.buffer =
        impl.spec.dtype == DType::kString
            ? Buffer::allocate_strings(static_cast<std::size_t>(impl.spec.shape.num_elements()))
            : Buffer::allocate(device, static_cast<std::size_t>(impl.spec.bytes()));
  }
}

KEEN_NOINLINE [[noreturn]] void no_kernel(const Op& op, Device device) {
  throw UnimplementedError(text(op.name, ": there is no kernel for ", device));
}

// Kernels of one device may know types that those of the other don't.
KEEN_NOINLINE void check_types(const Op& op, const Inputs& inputs, DTypeSet types, Device device) {
  for (int i = 0; i < inputs.size(); ++i) {
    const InputDef& def = op.inputs[i];
    const TensorImpl* impl = inputs[i].impl_or_null();
    if (impl == nullptr || def.host || def.types != kTypeT) continue;
    if (contains(types, impl->spec.dtype)) return;
    throw UnimplementedError(text(op.name, ": there is no kernel for dtype ", impl->spec.dtype,
                                  " on ", device, "; its dtypes there are ", list_of(types)));
  }
}

// The row's dtypes hold for the CPU; a GPU's kernel may know fewer, or more.
void check_gpu_types(const Op& op, const Inputs& inputs, const Outputs& outputs, Device device) {
  if (op.gpu == nullptr) no_kernel(op, device);
  if (op.gpu_dtypes == 0) return;
  check_types(op, inputs, op.gpu_dtypes, device);
  for (const Tensor& output : outputs) {
    if (output.dtype() == DType::kString) no_kernel(op, device);
  }
}

// On a device that computes asynchronously: the kernel is enqueued, and errors and profiles learn
// what it runs for.
void run_on_gpu(const Op& op, const Inputs& inputs, Outputs& outputs, KernelContext& kernel,
                Device device) {
  check_gpu_types(op, inputs, outputs, device);
  const auto describe = [](std::string& out, const void* call) {
    const auto& all = *static_cast<const Inputs*>(call);
    for (int i = 0; i < all.size(); ++i) {
      if (i != 0) out += ", ";
      if (all[i].defined()) append_text(out, all[i].spec());
    }
  };
  const device::RunningOp running{op.name, device, describe, &inputs,
                                  &Context::current().name_scope()};
  const device::RunningOpScope scope(running);
  allocate(outputs, device);
  struct Run {
    KernelFunction function;
    KernelContext& context;
  } run{op.gpu, kernel};
  device::context(device).run(
      [](void* argument) {
        const Run& each = *static_cast<Run*>(argument);
        each.function(each.context);
      },
      &run);
}

void run_kernel(const Op& op, const Inputs& inputs, AttrsView attrs,
                std::span<const Variable> variables, Outputs& outputs, Device device) {
  KernelContext kernel(op, inputs, attrs, variables, outputs, device);
  if (op.shares_input) {
    kernel.share_output(0, inputs[0]);
    return;
  }
  device::count(device, device::Count::kOps);
  if (device.type == DeviceType::kGpu) {
    run_on_gpu(op, inputs, outputs, kernel, device);
    return;
  }
  if (op.cpu == nullptr) [[unlikely]] {
    no_kernel(op, device);
  }
  if ((op.gpu_dtypes & ~op.dtypes) != 0) [[unlikely]] {
    check_types(op, inputs, op.dtypes, device);
  }
  allocate(outputs, device);
  op.cpu(kernel);
}

// Whether the call belongs into the trace: it depends on a symbolic value, has an effect, or would
// leave a large constant behind.
bool belongs_to_trace(const Op& op, const Inputs& inputs, const Outputs& outputs) {
  if (op.effect != Effect::kPure) return true;
  for (int i = 0; i < inputs.size(); ++i) {
    if (inputs[i].is_symbolic()) return true;
  }
  if (inputs.size() != 0) return false;
  for (const Tensor& output : outputs) {
    if (output.spec().bytes() > kMaxFoldedBytes) return true;
  }
  return false;
}

Outputs infer_outputs(const Op& op, const Inputs& inputs, AttrsView attrs,
                      std::span<const Variable> variables, Device device) {
  int count = op.outputs;
  if (op.output_count != nullptr) [[unlikely]] {
    Outputs none(0);
    count = op.output_count(InferContext(op, inputs, attrs, variables, none));
  }
  Outputs outputs(count);
  for (Tensor& output : outputs) output = Tensor(TensorImpl::make(device));
  InferContext context(op, inputs, attrs, variables, outputs);
  op.infer(context);
  return outputs;
}

Outputs execute_on(const Op& op, const Inputs& inputs, AttrsView attrs,
                   std::span<const Variable> variables, Device device, Context& context) {
  Outputs outputs = infer_outputs(op, inputs, attrs, variables, device);
  if (context.plain()) [[likely]] {
    run_kernel(op, inputs, attrs, variables, outputs, device);
    return outputs;
  }
  const Call call{op, inputs, attrs, variables, outputs, kNoBackward};
  if (context.tracer() != nullptr && belongs_to_trace(op, inputs, outputs)) {
    context.tracer()->add(call);
  } else {
    run_kernel(op, inputs, attrs, variables, outputs, device);
  }
  for (CallObserver* observer : context.observers()) observer->record(call);
  return outputs;
}

KEEN_NOINLINE void announce_copy(const Op& op, int input, Device from, Device to,
                                 Context& context) {
  if (context.device_policy() == DevicePolicy::kSilent) return;
  const std::string what =
      text(op.name, ": input '", op.inputs[input].name, "' is on ", from, ", the op on ", to);
  if (context.device_policy() == DevicePolicy::kError) throw InvalidArgumentError(what);
  log(LogLevel::kWarn, what);
}

KEEN_NOINLINE Outputs execute_with_copies(const Op& op, const Inputs& inputs, AttrsView attrs,
                                          std::span<const Variable> variables, Device device,
                                          Context& context) {
  std::vector<Tensor> moved(static_cast<std::size_t>(inputs.size()));
  InputList refs(std::span<const Tensor>{});
  for (int i = 0; i < inputs.size(); ++i) {
    const TensorImpl* impl = inputs[i].impl_or_null();
    const Device wanted = wanted_device(op, i, device);
    if (impl == nullptr || impl->device == wanted) {
      refs.push_back(inputs[i]);
      continue;
    }
    announce_copy(op, i, impl->device, wanted, context);
    device::count(device, device::Count::kImplicitCopies);
    Tensor& copy = moved[static_cast<std::size_t>(i)];
    copy = copy_to(inputs[i], wanted);
    refs.push_back(copy);
  }
  return execute_on(op, refs, attrs, variables, device, context);
}

}  // namespace

Outputs execute(const Op& op, const Inputs& inputs, AttrsView attrs,
                std::span<const Variable> variables) {
  if (forked.load(std::memory_order_relaxed)) [[unlikely]] {
    throw FailedPreconditionError(
        text(op.name, ": ops can't run in a process made by fork(); start a new program instead"));
  }
  Context& context = Context::current();
  check_inputs(op, inputs, context.tracer() != nullptr);
  const Device device = place(op, inputs, variables, context);
  // The copy op itself reads from elsewhere.
  if (&op != &kCopy && inputs_lie_elsewhere(op, inputs, device)) [[unlikely]] {
    return execute_with_copies(op, inputs, attrs, variables, device, context);
  }
  return execute_on(op, inputs, attrs, variables, device, context);
}

void record_custom(const Inputs& inputs, Outputs& outputs,
                   const std::shared_ptr<const Backward>& backward, std::int64_t since) {
  static constexpr Op kCustom{.name = "CustomGradient"};
  const Call call{kCustom, inputs, AttrsView(), {}, outputs, backward};
  Context& context = Context::current();
  if (context.tracer() != nullptr) context.tracer()->add_custom(call, since);
  for (CallObserver* observer : context.observers()) observer->record(call);
}

std::int64_t trace_position() {
  const Tracer* tracer = Context::current().tracer();
  return tracer == nullptr ? 0 : tracer->position();
}

void KernelContext::unsupported(DType dtype) const {
  throw UnimplementedError(text(op_.name, ": no kernel for dtype ", dtype, " on ", device_));
}

}  // namespace keen::op
