// Variables: named tensors that can be written (tf.Variable).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "runtime/base/ref_counted.h"
#include "runtime/base/spec.h"
#include "runtime/device/buffer.h"
#include "runtime/device/device.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// How replicas keep their copies of a variable in step (tf.VariableSynchronization).
enum class VariableSynchronization : std::uint8_t { kAuto, kNone, kOnWrite, kOnRead };
// How values that replicas write are combined (tf.VariableAggregation).
enum class VariableAggregation : std::uint8_t { kNone, kSum, kMean, kOnlyFirstReplica };

struct VariableArgs {
  bool trainable = true;
  // Below the current name scope; the variable's name() gets ":0" as in TensorFlow.
  std::string name = "Variable";
  VariableSynchronization synchronization = VariableSynchronization::kAuto;
  VariableAggregation aggregation = VariableAggregation::kNone;
};

// Held while a variable's buffer is taken or written. An update may last as long as a kernel, so
// that waiting threads sleep.
class VariableLock {
 public:
  void lock() {
    while (held_.exchange(1, std::memory_order_acquire) != 0) {
      held_.wait(1, std::memory_order_relaxed);
    }
  }
  void unlock() {
    held_.store(0, std::memory_order_release);
    held_.notify_one();
  }

 private:
  std::atomic<std::uint32_t> held_{0};
};

struct VariableImpl final : RefCounted {
  std::string name;  // without ":0"
  TensorSpec spec;
  Device device;
  bool trainable = true;
  VariableSynchronization synchronization = VariableSynchronization::kAuto;
  VariableAggregation aggregation = VariableAggregation::kNone;
  std::uint64_t id = 0;
  VariableLock lock;      // guards `buffer` and its contents while they are written
  RefPtr<Buffer> buffer;  // shared with the tensors that were read; copied before a write if it is

  void destroy() noexcept { delete this; }
};

// A handle; copies are the same variable. A default-made one is undefined.
//
// Reads hand out tensors that never change: a write copies the elements first if somebody else
// holds them, and else writes in place. Reads and writes may come from several threads; each is
// atomic.
class Variable {
 public:
  Variable() = default;
  // Takes dtype, shape, device and elements of `initial_value`. ValueError for an undefined one.
  explicit Variable(const Tensor& initial_value, const VariableArgs& args = {});
  // Calls `initial_value` outside of any tape and function being traced (as TensorFlow's
  // init_scope).
  explicit Variable(const std::function<Tensor()>& initial_value, const VariableArgs& args = {});
  explicit Variable(RefPtr<VariableImpl> impl) : impl_(std::move(impl)) {}

  // The current value: recorded by tapes (that watch it), a node in a trace.
  [[nodiscard]] Tensor value() const;
  [[nodiscard]] Tensor read_value() const { return value(); }
  operator Tensor() const { return value(); }  // NOLINT: a variable stands where a tensor does

  // InvalidArgumentError for another dtype, ValueError for another shape.
  const Variable& assign(const Tensor& value) const;
  const Variable& assign_add(const Tensor& delta) const;
  const Variable& assign_sub(const Tensor& delta) const;

  [[nodiscard]] bool defined() const { return static_cast<bool>(impl_); }
  // With ":0", as TensorFlow prints it.
  [[nodiscard]] std::string name() const { return impl().name + ":0"; }
  [[nodiscard]] const TensorSpec& spec() const { return impl().spec; }
  [[nodiscard]] DType dtype() const { return impl().spec.dtype; }
  [[nodiscard]] const Shape& shape() const { return impl().spec.shape; }
  [[nodiscard]] Device device() const { return impl().device; }
  [[nodiscard]] bool trainable() const { return impl().trainable; }
  [[nodiscard]] std::uint64_t id() const { return impl().id; }
  [[nodiscard]] bool is(const Variable& other) const { return impl_ == other.impl_; }
  // "<tf.Variable 'w:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>"
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] VariableImpl& impl() const {
    if (!impl_) [[unlikely]] {
      throw_undefined();
    }
    return *impl_;
  }

 private:
  [[noreturn]] static void throw_undefined();

  RefPtr<VariableImpl> impl_;
};

namespace detail {

// The current elements as a new tensor, without the funnel: what the read op's kernel does.
[[nodiscard]] Tensor take_value(VariableImpl& variable);

// A variable opened for writing by a kernel: locked until the end of the object's life.
class VariableWriter {
 public:
  explicit VariableWriter(VariableImpl& variable) : variable_(variable) { variable_.lock.lock(); }
  VariableWriter(const VariableWriter&) = delete;
  VariableWriter& operator=(const VariableWriter&) = delete;
  ~VariableWriter() { variable_.lock.unlock(); }

  // Elements to be changed in place: those of the variable, copied first if a tensor shares them.
  [[nodiscard]] void* update();
  // Memory for new contents: the old ones need not survive.
  [[nodiscard]] void* overwrite();
  // Shares the value's elements from now on.
  void replace(const Tensor& value) { variable_.buffer = value.impl().buffer; }

 private:
  VariableImpl& variable_;
};

}  // namespace detail
}  // namespace keen
