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

RefPtr<VariableImpl> make_variable(const Tensor& initial, const VariableArgs& args) {
  static std::atomic<std::uint64_t> next{1};
  if (!initial.defined()) {
    throw ValueError(text("Variable: the initial value of '", args.name, "' is undefined"));
  }
  if (initial.is_symbolic()) {
    throw ValueError(text("Variable: the initial value of '", args.name,
                          "' is a symbolic tensor; give a function that makes it"));
  }
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
