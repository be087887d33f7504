#include "runtime/autodiff/tape.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "runtime/autodiff/backward.h"
#include "runtime/autodiff/record.h"
#include "runtime/base/error.h"
#include "runtime/base/logging.h"
#include "runtime/base/text.h"
#include "runtime/op/call.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/device_number.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace {

using autodiff::CallLog;

// Logs that have been used keep their memory for the next tapes of the thread.
constexpr std::size_t kSpareLogs = 4;
thread_local std::vector<std::unique_ptr<CallLog>> spare_logs;

std::unique_ptr<CallLog> take_log() {
  if (spare_logs.empty()) return std::make_unique<CallLog>();
  std::unique_ptr<CallLog> log = std::move(spare_logs.back());
  spare_logs.pop_back();
  return log;
}

// Ones, where no gradient was given. The one of a loss on a GPU is there already.
Tensor seed_of(const Tensor& target) {
  const TensorSpec& spec = target.spec();
  if (spec.shape.rank() == 0 && !target.is_symbolic() && target.device().type == DeviceType::kGpu) {
    return detail::number_on(target.device(), scalar_like(1.0, spec.dtype));
  }
  return fill(spec.shape, 1.0, spec.dtype);
}

}  // namespace

class GradientTape::Record final : public op::CallObserver {
 public:
  explicit Record(const GradientTapeArgs& args) : args_(args), log_(take_log()) { resume(); }
  ~Record() {
    pause();
    log_->clear();
    if (spare_logs.size() < kSpareLogs) spare_logs.push_back(std::move(log_));
  }

  void record(const op::Call& call) override {
    if (call.op.effect == op::Effect::kReadsVariable) {
      const Variable& variable = call.variables[0];
      const bool watched = args_.watch_accessed_variables && variable.trainable();
      if ((watched || log_->variable_index(variable) >= 0) && is_floating(variable.dtype())) {
        log_->add_read(call);
      }
      return;
    }
    if (call.op.gradient != op::not_differentiable || call.backward != nullptr) log_->add(call);
  }

  void resume() {
    check_thread();
    if (recording_) return;
    Context::current().observers().push_back(this);
    recording_ = true;
  }
  void pause() noexcept {
    if (!recording_ || pthread_equal(thread_, pthread_self()) == 0) return;
    std::erase(Context::current().observers(), this);
    recording_ = false;
  }
  void check_thread() const {
    if (pthread_equal(thread_, pthread_self()) == 0) {
      throw RuntimeError("GradientTape: a tape belongs to the thread that made it");
    }
  }

  [[nodiscard]] bool recording() const { return recording_; }
  [[nodiscard]] bool persistent() const { return args_.persistent; }
  [[nodiscard]] CallLog& log() { return *log_; }
  // Whether the one set of gradients has been computed.
  bool used = false;

 private:
  GradientTapeArgs args_;
  pthread_t thread_ = pthread_self();
  std::unique_ptr<CallLog> log_;
  bool recording_ = false;
};

GradientTape::GradientTape(const GradientTapeArgs& args)
    : record_(std::make_unique<Record>(args)) {}

GradientTape::~GradientTape() = default;

void GradientTape::watch(const Tensor& tensor) {
  record_->check_thread();
  if (!is_floating(tensor.dtype())) {
    log(LogLevel::kWarn, "GradientTape: the dtype of the watched tensor must be floating (e.g. ",
        "tf.float32), got ", tensor.dtype());
    return;
  }
  record_->log().watch(tensor);
}

void GradientTape::watch(const Variable& variable) {
  record_->check_thread();
  record_->log().add_variable(variable);
}

std::vector<Variable> GradientTape::watched_variables() const { return record_->log().variables(); }

void GradientTape::stop() { record_->pause(); }

void GradientTape::reset() {
  record_->check_thread();
  record_->log().clear();
  record_->used = false;
  record_->resume();
}

GradientTape::Pause::Pause(GradientTape& tape) : tape_(&tape) {
  if (!tape.record_->recording()) {
    throw ValueError("Tape is not recording.");
  }
  tape.record_->pause();
}

GradientTape::Pause::~Pause() { tape_->record_->resume(); }

Tensor GradientTape::gradient(const Tensor& target, const Source& source,
                              const GradientArgs& args) {
  return std::move(gradient(std::span(&target, 1), std::span(&source, 1), args)[0]);
}

std::vector<Tensor> GradientTape::gradient(const Tensor& target, std::span<const Source> sources,
                                           const GradientArgs& args) {
  return gradient(std::span(&target, 1), sources, args);
}

std::vector<Tensor> GradientTape::gradient(const Tensor& target,
                                           const std::vector<Variable>& sources,
                                           const GradientArgs& args) {
  return gradient(std::span(&target, 1), std::vector<Source>(sources.begin(), sources.end()), args);
}

std::vector<Tensor> GradientTape::gradient(std::span<const Tensor> targets,
                                           std::span<const Source> sources,
                                           const GradientArgs& args) {
  Record& record = *record_;
  record.check_thread();
  if (record.used) {
    throw RuntimeError(
        "A non-persistent GradientTape can only be used to compute one set of gradients (or "
        "jacobians)");
  }
  const auto& given = args.output_gradients;
  if (!given.empty() && given.size() != targets.size()) {
    throw ValueError(text("GradientTape.gradient: ", given.size(), " output_gradients for ",
                          targets.size(), " targets"));
  }
  std::vector<Tensor> seeds;
  seeds.reserve(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const TensorSpec& spec = targets[i].spec();
    if (given.empty() || !given[i].defined()) {
      seeds.push_back(seed_of(targets[i]));
      continue;
    }
    if (given[i].spec() != spec) {
      throw InvalidArgumentError(text("GradientTape.gradient: output_gradients[", i, "] is ",
                                      given[i].spec(), ", its target ", spec));
    }
    seeds.push_back(given[i]);
  }
  if (!record.persistent()) {
    record.pause();
    record.used = true;
  }
  std::vector<Tensor> results =
      autodiff::backward(record.log(), targets, seeds, sources, !record.persistent());
  if (!record.persistent()) record.log().clear();
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].defined() || args.unconnected_gradients == UnconnectedGradients::kNone) continue;
    results[i] = fill(sources[i].spec().shape, 0.0, sources[i].spec().dtype);
  }
  return results;
}

std::vector<Tensor> custom_gradient(
    const std::function<CustomGradient(const std::vector<Tensor>&)>& f,
    const std::vector<Tensor>& inputs) {
  const std::int64_t since = op::trace_position();
  CustomGradient made;
  {
    const QuietScope quiet;
    made = f(inputs);
    // An input handed through must be a tensor of its own, or its gradient would come twice.
    for (Tensor& output : made.outputs) {
      for (const Tensor& input : inputs) {
        if (output.is(input)) output = identity(output);
      }
    }
  }
  op::Outputs outputs(static_cast<int>(made.outputs.size()));
  std::copy(made.outputs.begin(), made.outputs.end(), outputs.begin());
  op::record_custom(op::InputList(inputs), outputs,
                    std::make_shared<const op::Backward>(std::move(made.gradient)), since);
  return std::move(made.outputs);
}

}  // namespace keen
