#include "runtime/tensor/context.h"

#include <atomic>

#include "runtime/base/error.h"
#include "runtime/device/device_context.h"

namespace keen {

constinit thread_local Context* Context::current_ = nullptr;

Context* Context::make_current() {
  static thread_local Context context;
  current_ = &context;
  return current_;
}

int Context::new_slot() {
  static std::atomic<int> used{0};
  const int slot = used.fetch_add(1, std::memory_order_relaxed);
  if (slot >= kMaxSlots) throw RuntimeError("ContextSlot: more than 8 kinds of ambient state");
  return slot;
}

const std::string& Context::name_scope() const {
  static const std::string empty;
  return values_.name_scope == nullptr ? empty : *values_.name_scope;
}

void Context::set_name_scope(const std::string& scope) {
  values_.name_scope = scope.empty() ? nullptr : std::make_shared<const std::string>(scope);
}

DeviceScope::DeviceScope(const std::string& name) : saved_(Context::current().device()) {
  if (name.empty()) {
    Context::current().set_device(std::nullopt);
    return;
  }
  const Device wanted = Device::parse(name);
  static_cast<void>(device::context(wanted));
  Context::current().set_device(wanted);
}

DeviceScope::DeviceScope(Device device) : saved_(Context::current().device()) {
  static_cast<void>(device::context(device));
  Context::current().set_device(device);
}

}  // namespace keen
