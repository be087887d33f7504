#include "runtime/trace/graph.h"

#include <algorithm>
#include <utility>

#include "runtime/op/execute.h"
#include "runtime/tensor/context.h"

namespace keen::trace {

// The values of one replay.
class Graph::Slots {
 public:
  Slots(const Graph& graph, std::span<const Tensor> inputs)
      : values_(static_cast<std::size_t>(graph.values_)), constants_(graph.constants_) {
    for (std::size_t i = 0; i < inputs.size(); ++i) write(graph.inputs_[i], inputs[i]);
  }
  [[nodiscard]] const Tensor& read(const ValueRef& ref) const {
    switch (ref.kind) {
      case ValueRef::Kind::kValue:
        return values_[static_cast<std::size_t>(ref.index)];
      case ValueRef::Kind::kConstant:
        return constants_[static_cast<std::size_t>(ref.index)];
      case ValueRef::Kind::kAbsent:
        break;
    }
    return absent_;
  }
  [[nodiscard]] std::vector<Tensor> read_all(const std::vector<ValueRef>& refs) const {
    std::vector<Tensor> tensors;
    tensors.reserve(refs.size());
    for (const ValueRef& ref : refs) tensors.push_back(read(ref));
    return tensors;
  }
  // The inputs of a node; valid until the next call.
  [[nodiscard]] op::Inputs inputs_of(const Node& node) {
    refs_.clear();
    for (const ValueRef& input : node.inputs) refs_.emplace_back(read(input));
    return {refs_.data(), static_cast<int>(refs_.size())};
  }
  void write(std::int32_t index, Tensor value) {
    values_[static_cast<std::size_t>(index)] = std::move(value);
  }

 private:
  std::vector<Tensor> values_;
  const std::vector<Tensor>& constants_;
  std::vector<op::TensorRef> refs_;
  Tensor absent_;
};

void Graph::run(const Node& node, Slots& slots) const {
  std::optional<DeviceScope> scope;
  if (node.device) scope.emplace(*node.device);
  op::Outputs outputs =
      op::execute(*node.op, slots.inputs_of(node), node.attrs.view(), node.variables);
  for (int i = 0; i < outputs.size(); ++i) {
    slots.write(node.first_output + i, std::move(outputs[i]));
  }
  for (const std::int32_t value : node.dead_after) slots.write(value, Tensor());
}

// Runs the nodes of a custom call unheard by the tapes and then tells them of the call.
void Graph::run_hidden(const CustomCall& call, Slots& slots) const {
  const std::int64_t since = op::trace_position();
  {
    const QuietScope quiet;
    for (std::int32_t i = call.begin; i < call.end; ++i) {
      run(nodes_[static_cast<std::size_t>(i)], slots);
    }
  }
  const std::vector<Tensor> inputs = slots.read_all(call.inputs);
  const std::vector<Tensor> results = slots.read_all(call.outputs);
  op::Outputs outputs(static_cast<int>(results.size()));
  std::copy(results.begin(), results.end(), outputs.begin());
  auto backward = std::make_shared<const op::Backward>(
      [graph = call.backward,
       captured = slots.read_all(call.captured)](const std::vector<Tensor>& gradients) {
        std::vector<Tensor> given = gradients;
        given.insert(given.end(), captured.begin(), captured.end());
        return graph->replay(given);
      });
  op::record_custom(op::InputList(inputs), outputs, backward, since);
}

std::vector<Tensor> Graph::replay(std::span<const Tensor> inputs) const {
  Slots slots(*this, inputs);
  const Context& context = Context::current();
  std::int32_t next = 0;
  const auto run_until = [&](std::int32_t end) {
    for (; next < end; ++next) run(nodes_[static_cast<std::size_t>(next)], slots);
  };
  if (!context.plain()) {
    for (const CustomCall& call : custom_) {
      run_until(call.begin);
      run_hidden(call, slots);
      next = call.end;
    }
  }
  run_until(static_cast<std::int32_t>(nodes_.size()));
  return slots.read_all(outputs_);
}

void Graph::finish() {
  std::vector<std::int32_t> last(static_cast<std::size_t>(values_), -1);
  const auto read_at = [&](const std::vector<ValueRef>& refs, std::int32_t node) {
    for (const ValueRef& ref : refs) {
      if (ref.kind != ValueRef::Kind::kValue) continue;
      auto& at = last[static_cast<std::size_t>(ref.index)];
      at = std::max(at, node);
    }
  };
  const auto end = static_cast<std::int32_t>(nodes_.size());
  for (std::int32_t i = 0; i < end; ++i) {
    const Node& node = nodes_[static_cast<std::size_t>(i)];
    read_at(node.inputs, i);
    // What nobody reads is dead at once.
    for (std::int32_t value = 0; value < node.outputs; ++value) {
      last[static_cast<std::size_t>(node.first_output + value)] = i;
    }
  }
  // A custom call reads its tensors when its last node has run: they outlive that node.
  for (const CustomCall& call : custom_) {
    for (const auto* refs : {&call.inputs, &call.outputs, &call.captured}) read_at(*refs, call.end);
  }
  read_at(outputs_, end);
  for (std::int32_t value = 0; value < values_; ++value) {
    const std::int32_t at = last[static_cast<std::size_t>(value)];
    if (at >= 0 && at < end) nodes_[static_cast<std::size_t>(at)].dead_after.push_back(value);
  }
}

}  // namespace keen::trace
