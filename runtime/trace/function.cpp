#include "runtime/trace/function.h"

#include <algorithm>
#include <cstdint>
#include <mutex>

#include "runtime/base/error.h"
#include "runtime/base/logging.h"
#include "runtime/base/text.h"
#include "runtime/device/ledger.h"
#include "runtime/op/call.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"
#include "runtime/trace/graph.h"
#include "runtime/trace/graph_builder.h"

namespace keen::trace {
namespace {

// What a trace is found by.
struct Key {
  std::vector<TensorSpec> specs;
  std::vector<Device> devices;
  std::string others;

  [[nodiscard]] bool matches(const Signature& signature, const std::string& all_others) const {
    if (signature.tensors.size() != specs.size() || all_others != others) return false;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const TensorImpl& impl = signature.tensors[i].impl();
      if (impl.device != devices[i] || impl.spec != specs[i]) return false;
    }
    return true;
  }
};

struct Trace {
  Key key;
  std::shared_ptr<const Graph> graph;
  Tensors skeleton;            // the structure of the results
  std::uint64_t outer_id = 0;  // of the enclosing trace whose values it reads; 0: reads none
};

// The arguments that are not tensors, and what surrounds the call.
std::string others_of(const Signature& signature) {
  const Context& context = Context::current();
  if (!context.device() && !context.training()) return signature.others;
  std::string others = signature.others + "|";
  if (context.device()) append_text(others, *context.device());
  if (context.training()) others += *context.training() ? " training" : " inference";
  return others;
}

Key key_of(const Signature& signature, std::string others) {
  Key key;
  for (const Tensor& tensor : signature.tensors) {
    key.specs.push_back(tensor.spec());
    key.devices.push_back(tensor.device());
  }
  key.others = std::move(others);
  return key;
}

// Which part of the signature makes a call differ from an earlier one.
std::string difference(const Key& before, const Key& now) {
  if (before.specs.size() != now.specs.size()) {
    return text("it had ", before.specs.size(), " tensors, now ", now.specs.size());
  }
  for (std::size_t i = 0; i < now.specs.size(); ++i) {
    if (before.specs[i] != now.specs[i]) {
      return text("tensor ", i, " was ", before.specs[i], ", now ", now.specs[i]);
    }
    if (before.devices[i] != now.devices[i]) {
      return text("tensor ", i, " was on ", before.devices[i], ", now on ", now.devices[i]);
    }
  }
  return "an argument that is no tensor, the device scope or training differs";
}

std::uint64_t outer_trace_id() {
  const op::Tracer* tracer = Context::current().tracer();
  return tracer == nullptr ? 0 : tracer->id();
}

}  // namespace

struct FunctionCore::State {
  FunctionArgs args;
  std::recursive_mutex
      tracing;               // one trace at a time; a function may call itself with other arguments
  mutable std::mutex mutex;  // guards what follows
  std::vector<std::shared_ptr<const Trace>> traces;
  std::vector<std::uint64_t> last_use;
  std::uint64_t clock = 0;
  int trace_count = 0;

  [[nodiscard]] std::shared_ptr<const Trace> find(const Signature& signature,
                                                  const std::string& others) {
    const std::uint64_t outer = outer_trace_id();
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < traces.size(); ++i) {
      const Trace& trace = *traces[i];
      if (trace.outer_id != 0 && trace.outer_id != outer) continue;
      if (!trace.key.matches(signature, others)) continue;
      last_use[i] = ++clock;
      return traces[i];
    }
    return nullptr;
  }

  // Whether a first trace is still to come, which alone may make variables.
  [[nodiscard]] bool untraced() const {
    const std::lock_guard lock(mutex);
    return trace_count == 0;
  }

  void insert(std::shared_ptr<const Trace> trace) {
    const std::lock_guard lock(mutex);
    if (!traces.empty()) {
      device::count(Context::current().device().value_or(op::default_device()),
                    device::Count::kRetraces);
      log(LogLevel::kInfo, args.name,
          ": traced again: ", difference(traces.back()->key, trace->key));
    }
    if (static_cast<int>(traces.size()) >= std::max(1, args.max_traces)) {
      const auto oldest = std::min_element(last_use.begin(), last_use.end()) - last_use.begin();
      traces.erase(traces.begin() + oldest);
      last_use.erase(last_use.begin() + oldest);
      log(LogLevel::kWarn, args.name, ": more than ", args.max_traces,
          " signatures; the trace used longest ago is forgotten");
    }
    traces.push_back(std::move(trace));
    last_use.push_back(++clock);
    ++trace_count;
  }

  [[nodiscard]] std::shared_ptr<const Trace> make(const Signature& signature, std::string others,
                                                  const Body& body) {
    auto made = std::make_shared<Trace>();
    made->key = key_of(signature, std::move(others));
    const auto record = [&](bool may_create_variables) {
      GraphBuilder builder(may_create_variables);
      made->graph =
          builder.build(made->key.specs, made->key.devices, [&](std::span<const Tensor> inputs) {
            made->skeleton = body(inputs);
            return made->skeleton.flatten();
          });
      return builder.variables_created();
    };
    // A trace that made variables holds what happens only once; the next is the one to keep.
    if (record(untraced()) > 0) record(false);
    if (!made->graph->captures().empty()) made->outer_id = outer_trace_id();
    insert(made);
    return made;
  }
};

FunctionCore::FunctionCore(FunctionArgs args) : state_(std::make_unique<State>()) {
  state_->args = std::move(args);
}

FunctionCore::~FunctionCore() = default;

int FunctionCore::trace_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->trace_count;
}

Tensors FunctionCore::call(const Signature& signature, const Body& body) {
  std::string others = others_of(signature);
  std::shared_ptr<const Trace> trace = state_->find(signature, others);
  if (trace == nullptr) {
    const std::lock_guard lock(state_->tracing);
    trace = state_->find(signature, others);
    if (trace == nullptr) trace = state_->make(signature, std::move(others), body);
  }
  const std::vector<Tensor>& captures = trace->graph->captures();
  if (captures.empty()) return trace->skeleton.pack(trace->graph->replay(signature.tensors));
  std::vector<Tensor> inputs = signature.tensors;
  inputs.insert(inputs.end(), captures.begin(), captures.end());
  return trace->skeleton.pack(trace->graph->replay(inputs));
}

}  // namespace keen::trace
