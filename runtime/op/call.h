// A call of an op, as tapes and traces see it, and the interfaces by which the funnel reaches them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/op/op.h"

namespace keen::op {

// Gradients of the inputs from those of the outputs (undefined: none), for calls that carry their
// own gradient: tf.custom_gradient.
using Backward = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

// Borrowed for the duration of a notification.
struct Call {
  const Op& op;
  const Inputs& inputs;
  AttrsView attrs;
  std::span<const Variable> variables;  // read or written
  Outputs& outputs;
  const std::shared_ptr<const Backward>& backward;  // null: the row's gradient
};

// Hears of every call after it ran or was traced: a tape.
class CallObserver {
 public:
  CallObserver() = default;
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;
  virtual void record(const Call& call) = 0;

 protected:
  ~CallObserver() = default;
};

// Takes calls instead of the kernels: a function being traced.
class Tracer {
 public:
  Tracer() = default;
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Appends the call. The outputs are tensors without a buffer; the tracer makes them its values.
  // TypeError for an input that is a value of a trace that is neither this one nor around it.
  virtual void add(const Call& call) = 0;
  // How many calls there are.
  [[nodiscard]] virtual std::int64_t position() const = 0;
  // Declares the calls from `since` on to be one call that carries its own gradient.
  virtual void add_custom(const Call& call, std::int64_t since) = 0;
  // Name for an op of the trace, made unique without regard to case: "Const", "Const_1".
  [[nodiscard]] virtual std::string unique_name(const std::string& name) = 0;
  // 0, 1, 2, …: the seeds of random ops that got none.
  [[nodiscard]] virtual std::int64_t next_op_seed() = 0;
  // Keeps state of a node (the counter of a random op) as long as the trace lives.
  virtual void keep(std::shared_ptr<void> state) = 0;
  // Hears of a variable made during the trace; throws where a function may make none.
  virtual void variable_created(const std::string& name) = 0;
  // Symbolic tensors carry this as trace_id.
  [[nodiscard]] virtual std::uint64_t id() const = 0;
  // The trace during which this one is made, or null.
  [[nodiscard]] virtual const Tracer* outer() const = 0;

 protected:
  ~Tracer() = default;
};

}  // namespace keen::op
