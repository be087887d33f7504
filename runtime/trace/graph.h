// A trace: the ordered list of calls that a function made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "runtime/base/attrs.h"
#include "runtime/device/device.h"
#include "runtime/op/call.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::trace {

class Graph;

// What a node reads: a value of the trace, a constant, or nothing (an absent optional input).
struct ValueRef {
  enum class Kind : std::uint8_t { kValue, kConstant, kAbsent };
  Kind kind = Kind::kAbsent;
  std::int32_t index = -1;
};

// A call. Replayed in order the nodes do what the function did, effects included: that is
// TensorFlow's automatic control dependencies.
struct Node {
  const op::Op* op = nullptr;
  Attrs attrs;
  std::vector<ValueRef> inputs;
  std::vector<Variable> variables;
  std::int32_t first_output = 0;
  std::int32_t outputs = 0;
  std::optional<Device> device;          // of the device scope around the call
  std::vector<std::int32_t> dead_after;  // values that no later node reads
};

// A computation with a gradient of its own: the nodes from `begin` to `end` are hidden from tapes,
// which hear of one call instead. `backward` takes the gradients of the outputs, then `captured`.
struct CustomCall {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  std::vector<ValueRef> inputs;
  std::vector<ValueRef> outputs;
  std::shared_ptr<const Graph> backward;
  std::vector<ValueRef> captured;
};

class Graph {
 public:
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<ValueRef>& outputs() const { return outputs_; }
  // Tensors of an enclosing trace that this one reads; their values are its last inputs.
  [[nodiscard]] const std::vector<Tensor>& captures() const { return captures_; }

  // Runs the nodes through the funnel: tapes record them, an outer trace takes them in. `inputs`
  // are those of the function, then the captured ones.
  [[nodiscard]] std::vector<Tensor> replay(std::span<const Tensor> inputs) const;

 private:
  friend class GraphBuilder;
  class Slots;

  void run(const Node& node, Slots& slots) const;
  void run_hidden(const CustomCall& call, Slots& slots) const;

  // Finds out after which node each value is dead; called once, when the trace is complete.
  void finish();

  std::vector<Node> nodes_;
  std::vector<CustomCall> custom_;
  std::vector<Tensor> constants_;
  std::vector<ValueRef> outputs_;
  std::vector<Tensor> captures_;
  std::vector<std::shared_ptr<void>> kept_;
  std::vector<std::int32_t> inputs_;  // values that the inputs, then the captures, become
  std::int32_t values_ = 0;
};

}  // namespace keen::trace
