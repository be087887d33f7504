#include "runtime/trace/graph_builder.h"

#include <atomic>
#include <cctype>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::trace {
namespace {

std::uint64_t next_trace_id() {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

std::string lower(const std::string& name) {
  std::string result = name;
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

}  // namespace

GraphBuilder::GraphBuilder(bool may_create_variables)
    : id_(next_trace_id()),
      may_create_variables_(may_create_variables),
      outer_(Context::current().tracer()),
      graph_(std::make_shared<Graph>()) {}

std::shared_ptr<const Graph> GraphBuilder::build(
    std::span<const TensorSpec> specs, std::span<const Device> devices,
    const std::function<std::vector<Tensor>(std::span<const Tensor>)>& body) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    inputs.push_back(new_input(specs[i], devices[i]));
    graph_->inputs_.push_back(inputs.back().impl().trace_value);
  }
  {
    const QuietScope quiet;
    const TracerScope scope(this);
    graph_->outputs_ = refs_of(body(inputs));
  }
  graph_->finish();
  return graph_;
}

void GraphBuilder::number(TensorImpl& impl) {
  impl.trace_id = id_;
  impl.trace_value = graph_->values_++;
}

Tensor GraphBuilder::new_input(const TensorSpec& spec, Device device) {
  RefPtr<TensorImpl> impl = TensorImpl::make(device);
  impl->spec = spec;
  number(*impl);
  return Tensor(std::move(impl));
}

ValueRef GraphBuilder::ref_of(const Tensor& tensor) {
  const TensorImpl* impl = tensor.impl_or_null();
  if (impl == nullptr) return {};
  if (impl->buffer) {
    const auto next = static_cast<std::int32_t>(graph_->constants_.size());
    const auto [at, added] = constant_of_.try_emplace(impl->id, next);
    if (added) graph_->constants_.push_back(tensor);
    return {ValueRef::Kind::kConstant, at->second};
  }
  if (impl->trace_id == id_) return {ValueRef::Kind::kValue, impl->trace_value};
  return capture(tensor);
}

// A symbolic tensor of an enclosing trace becomes one more input.
ValueRef GraphBuilder::capture(const Tensor& tensor) {
  const TensorImpl& impl = tensor.impl();
  if (const auto known = captured_as_.find(impl.id); known != captured_as_.end()) {
    return {ValueRef::Kind::kValue, known->second};
  }
  bool enclosing = false;
  for (const op::Tracer* at = outer_; at != nullptr; at = at->outer()) {
    enclosing = enclosing || at->id() == impl.trace_id;
  }
  if (!enclosing) {
    throw TypeError(
        text("function: a symbolic tensor of ", impl.spec,
             " is out of scope and cannot be used here: it belongs to another function"));
  }
  const std::int32_t value = graph_->values_++;
  graph_->inputs_.push_back(value);
  graph_->captures_.push_back(tensor);
  captured_as_.emplace(impl.id, value);
  return {ValueRef::Kind::kValue, value};
}

std::vector<ValueRef> GraphBuilder::refs_of(std::span<const Tensor> tensors) {
  std::vector<ValueRef> refs;
  refs.reserve(tensors.size());
  for (const Tensor& tensor : tensors) refs.push_back(ref_of(tensor));
  return refs;
}

void GraphBuilder::add(const op::Call& call) {
  Node node;
  node.op = &call.op;
  node.attrs = Attrs(call.attrs);
  for (int i = 0; i < call.inputs.size(); ++i) node.inputs.push_back(ref_of(call.inputs[i]));
  node.variables.assign(call.variables.begin(), call.variables.end());
  node.device = Context::current().device();
  node.first_output = graph_->values_;
  node.outputs = call.outputs.size();
  for (Tensor& output : call.outputs) number(output.impl());
  graph_->nodes_.push_back(std::move(node));
}

void GraphBuilder::add_custom(const op::Call& call, std::int64_t since) {
  CustomCall custom;
  custom.begin = static_cast<std::int32_t>(since);
  custom.end = static_cast<std::int32_t>(graph_->nodes_.size());
  for (int i = 0; i < call.inputs.size(); ++i) custom.inputs.push_back(ref_of(call.inputs[i]));
  std::vector<TensorSpec> specs;
  std::vector<Device> devices;
  for (const Tensor& output : call.outputs) {
    custom.outputs.push_back(ref_of(output));
    specs.push_back(output.spec());
    devices.push_back(output.device());
  }
  GraphBuilder inner(false);
  custom.backward = inner.build(specs, devices, [&](std::span<const Tensor> gradients) {
    return (*call.backward)(std::vector<Tensor>(gradients.begin(), gradients.end()));
  });
  custom.captured = refs_of(custom.backward->captures());
  // A custom call within this one is a part of it.
  std::erase_if(graph_->custom_,
                [&](const CustomCall& each) { return each.begin >= custom.begin; });
  graph_->custom_.push_back(std::move(custom));
}

std::string GraphBuilder::unique_name(const std::string& name) {
  int& used = names_[lower(name)];
  if (used++ == 0) return name;
  // The counter's form may itself be taken: "a_1" asked for before a second "a".
  std::string candidate;
  do {
    candidate = text(name, "_", used - 1);
    if (names_.find(lower(candidate)) == names_.end()) break;
    ++used;
  } while (true);
  names_[lower(candidate)] = 1;
  return candidate;
}

void GraphBuilder::variable_created(const std::string& name) {
  ++variables_created_;
  if (may_create_variables_) return;
  throw ValueError(
      text("tf.function only supports singleton tf.Variables created on the first call. Make sure "
           "the tf.Variable is only created once or created outside tf.function. See "
           "https://www.tensorflow.org/guide/function#creating_tfvariables for more information. "
           "(the variable is '",
           name, "')"));
}

}  // namespace keen::trace
