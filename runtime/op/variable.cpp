// The parts of a variable that go through the funnel or ask the trace.
#include "runtime/tensor/variable.h"

#include <atomic>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/call.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace {

// Where a variable lives: the scope's device, else a GPU where there is one, as in TensorFlow.
Tensor placed(const Tensor& initial) {
  if (initial.dtype() == DType::kString) return initial;
  const auto& scope = Context::current().device();
  const bool free = initial.device().type == DeviceType::kCpu && !scope;
  const Device wanted = free ? op::default_device() : scope.value_or(initial.device());
  // With no GPU a value on one of several CPUs stays there.
  return wanted.type == DeviceType::kCpu && free ? initial : copy_to(initial, wanted);
}

RefPtr<VariableImpl> make_variable(const Tensor& value, const VariableArgs& args) {
  static std::atomic<std::uint64_t> next{1};
  if (!value.defined()) {
    throw ValueError(text("Variable: the initial value of '", args.name, "' is undefined"));
  }
  if (value.is_symbolic()) {
    throw ValueError(text("Variable: the initial value of '", args.name,
                          "' is a symbolic tensor; give a function that makes it"));
  }
  const Tensor initial = [&] {
    const InitScope outside;
    return placed(value);
  }();
  auto impl = RefPtr<VariableImpl>::adopt(new VariableImpl);
  impl->name = Context::current().name_scope() + args.name;
  impl->spec = initial.spec();
  impl->device = initial.device();
  impl->trainable = args.trainable;
  impl->synchronization = args.synchronization;
  impl->aggregation = args.aggregation;
  impl->id = next.fetch_add(1, std::memory_order_relaxed);
  impl->buffer = initial.impl().buffer;
  if (op::Tracer* tracer = Context::current().tracer()) tracer->variable_created(impl->name);
  return impl;
}

}  // namespace

Variable::Variable(const Tensor& initial_value, const VariableArgs& args)
    : impl_(make_variable(initial_value, args)) {}

Variable::Variable(const std::function<Tensor()>& initial_value, const VariableArgs& args) {
  const Tensor initial = [&] {
    const InitScope outside;
    return initial_value();
  }();
  impl_ = make_variable(initial, args);
}

Tensor Variable::value() const {
  return op::execute(op::kReadVariable, {}, AttrsView(), {this, 1});
}

const Variable& Variable::assign(const Tensor& value) const {
  op::execute(op::kAssignVariable, {value}, AttrsView(), {this, 1});
  return *this;
}

const Variable& Variable::assign_add(const Tensor& delta) const {
  op::execute(op::kAssignAddVariable, {delta}, AttrsView(), {this, 1});
  return *this;
}

const Variable& Variable::assign_sub(const Tensor& delta) const {
  op::execute(op::kAssignSubVariable, {delta}, AttrsView(), {this, 1});
  return *this;
}

}  // namespace keen
