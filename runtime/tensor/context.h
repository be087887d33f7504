// Ambient state: what surrounds an op without being an argument.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/device/device.h"

namespace keen {

namespace op {
class CallObserver;
class Tracer;
}  // namespace op

// What happens when an op's input lives on another device than the op
// (tf.config.experimental.set_device_policy).
enum class DevicePolicy : std::uint8_t { kSilent, kWarn, kError };

// Which of several replicas a thread runs.
struct Replica {
  int id = 0;
  int count = 1;
};

// A place in each Context for state that belongs to a layer above (variable scope, random state). T
// is copied as a shared pointer when a Context is copied.
template <class T>
class ContextSlot;

// One per thread, reached through current(). Copying it (to start another thread, say) takes
// device, scopes, training, replica and the shared state along; tapes and the trace belong to their
// thread and stay behind.
class Context {
 public:
  static constexpr int kMaxSlots = 8;

  Context() = default;
  Context(const Context& other) : values_(other.values_) {}
  Context& operator=(const Context& other) {
    if (this != &other) values_ = other.values_;
    return *this;
  }

  [[nodiscard]] static Context& current() {
    Context* context = current_;
    if (context == nullptr) [[unlikely]] {
      context = make_current();
    }
    return *context;
  }

  // The device that `with tf.device(…)` asked for.
  [[nodiscard]] const std::optional<Device>& device() const { return values_.device; }
  void set_device(std::optional<Device> device) { values_.device = device; }
  [[nodiscard]] DevicePolicy device_policy() const { return values_.device_policy; }
  void set_device_policy(DevicePolicy policy) { values_.device_policy = policy; }
  // Whether a surrounding layer was called with `training`, as Keras' call context.
  [[nodiscard]] std::optional<bool> training() const { return values_.training; }
  void set_training(std::optional<bool> training) { values_.training = training; }
  [[nodiscard]] Replica replica() const { return values_.replica; }
  void set_replica(Replica replica) { values_.replica = replica; }
  // "a/b/" or empty: what names of variables and graph ops begin with.
  [[nodiscard]] const std::string& name_scope() const;
  void set_name_scope(const std::string& scope);
  // The same without a copy of the text (null: empty), and the scope until now.
  std::shared_ptr<const std::string> exchange_name_scope(std::shared_ptr<const std::string> scope) {
    values_.name_scope.swap(scope);
    return scope;
  }

  // The function being traced on this thread, or null.
  [[nodiscard]] op::Tracer* tracer() const { return tracer_; }
  void set_tracer(op::Tracer* tracer) { tracer_ = tracer; }
  // Tapes that record, outermost first.
  [[nodiscard]] const std::vector<op::CallObserver*>& observers() const { return observers_; }
  [[nodiscard]] std::vector<op::CallObserver*>& observers() { return observers_; }
  // Neither tape nor trace: the op only has to run.
  [[nodiscard]] bool plain() const { return tracer_ == nullptr && observers_.empty(); }

 private:
  template <class T>
  friend class ContextSlot;

  struct Values {
    std::optional<Device> device;
    DevicePolicy device_policy = DevicePolicy::kSilent;
    std::optional<bool> training;
    Replica replica;
    std::shared_ptr<const std::string> name_scope;
    std::array<std::shared_ptr<void>, kMaxSlots> slots;
  };

  [[nodiscard]] static Context* make_current();
  // RuntimeError when there are more than kMaxSlots kinds of state.
  [[nodiscard]] static int new_slot();

  static constinit thread_local Context* current_;

  op::Tracer* tracer_ = nullptr;
  std::vector<op::CallObserver*> observers_;
  Values values_;
};

template <class T>
class ContextSlot {
 public:
  ContextSlot() : index_(static_cast<std::size_t>(Context::new_slot())) {}
  [[nodiscard]] std::shared_ptr<T> get(const Context& context = Context::current()) const {
    return std::static_pointer_cast<T>(context.values_.slots[index_]);
  }
  // Without taking a reference; valid until the slot is set again.
  [[nodiscard]] T* peek(const Context& context = Context::current()) const {
    return static_cast<T*>(context.values_.slots[index_].get());
  }
  void set(std::shared_ptr<T> value, Context& context = Context::current()) const {
    context.values_.slots[index_] = std::move(value);
  }

 private:
  std::size_t index_;
};

// `with tf.device(name):` for the block that the object lives in. "" asks for the default again.
class [[nodiscard]] DeviceScope {
 public:
  // InvalidArgumentError for a malformed name or a device that does not exist.
  explicit DeviceScope(const std::string& name);
  explicit DeviceScope(Device device);
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;
  ~DeviceScope() { Context::current().set_device(saved_); }

 private:
  std::optional<Device> saved_;
};

[[nodiscard]] inline DeviceScope device_scope(const std::string& name) { return DeviceScope(name); }

// Hides the ops of a block from the tapes of the thread.
class [[nodiscard]] QuietScope {
 public:
  QuietScope() { observers_.swap(Context::current().observers()); }
  QuietScope(const QuietScope&) = delete;
  QuietScope& operator=(const QuietScope&) = delete;
  ~QuietScope() { observers_.swap(Context::current().observers()); }

 private:
  std::vector<op::CallObserver*> observers_;
};

// Makes `tracer` (null: none) the thread's for a block.
class [[nodiscard]] TracerScope {
 public:
  explicit TracerScope(op::Tracer* tracer) : saved_(Context::current().tracer()) {
    Context::current().set_tracer(tracer);
  }
  TracerScope(const TracerScope&) = delete;
  TracerScope& operator=(const TracerScope&) = delete;
  ~TracerScope() { Context::current().set_tracer(saved_); }

 private:
  op::Tracer* saved_;
};

// `with tf.init_scope():` — outside of tapes and functions being traced (tf.init_scope).
class [[nodiscard]] InitScope {
 private:
  QuietScope quiet_;
  TracerScope untraced_{nullptr};
};

}  // namespace keen
