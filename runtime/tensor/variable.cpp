// The parts of a variable that need no op; the others are in runtime/op/variable.cpp.
#include "runtime/tensor/variable.h"

#include "runtime/base/error.h"
#include "runtime/device/device_context.h"

namespace keen {
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
  variable_.buffer->drop_derived();
  return variable_.buffer->data();
}

void* detail::VariableWriter::overwrite() {
  if (!variable_.buffer->unique()) {
    variable_.buffer = detail::empty_tensor(variable_.spec, variable_.device).impl().buffer;
  }
  variable_.buffer->drop_derived();
  return variable_.buffer->data();
}

}  // namespace keen
