// The parts of a variable that need no op; reading and assigning go through the funnel and are in
// runtime/op/core_ops.cpp.
#include "runtime/tensor/variable.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/device_context.h"
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

void Variable::throw_undefined() { throw ValueError("Variable: the variable is undefined"); }

Tensor detail::take_value(VariableImpl& variable) {
  RefPtr<TensorImpl> impl = TensorImpl::make(variable.device);
  impl->spec = variable.spec;
  variable.lock.lock();
  impl->buffer = variable.buffer;
  variable.lock.unlock();
  return Tensor(std::move(impl));
}

void* detail::VariableWriter::update() {
  if (!variable_.buffer->unique()) {
    RefPtr<Buffer> copy = detail::empty_tensor(variable_.spec, variable_.device).impl().buffer;
    device::context(variable_.device)
        .copy(copy->data(), variable_.buffer->data(), variable_.device, variable_.buffer->bytes());
    variable_.buffer = std::move(copy);
  }
  return variable_.buffer->data();
}

void* detail::VariableWriter::overwrite() {
  if (!variable_.buffer->unique()) {
    variable_.buffer = detail::empty_tensor(variable_.spec, variable_.device).impl().buffer;
  }
  return variable_.buffer->data();
}

}  // namespace keen
