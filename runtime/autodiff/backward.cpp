#include "runtime/autodiff/backward.h"

#include <array>
#include <cstdint>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"

namespace keen::autodiff {
namespace {

void accumulate(Tensor& sum, Tensor gradient) {
  if (!sum.defined()) {
    sum = std::move(gradient);
    return;
  }
  const std::array<Tensor, 2> both{sum, std::move(gradient)};
  sum = add_n(both);
}

class Pass {
 public:
  Pass(CallLog& log, std::span<const Source> sources, bool release)
      : log_(log),
        release_(release),
        calls_(log.calls().size()),
        needed_(static_cast<std::size_t>(log.value_count())),
        kept_(needed_.size()),
        gradients_(needed_.size()),
        variable_needed_(log.variables().size()),
        variable_gradients_(log.variables().size()) {
    mark(sources);
  }

  void seed(const Tensor& target, const Tensor& gradient) {
    const std::int32_t value = log_.find(target);
    if (value >= 0) accumulate(gradients_[static_cast<std::size_t>(value)], gradient);
  }

  void run() {
    for (std::size_t i = calls_; i-- > 0;) {
      // By value: the log may grow while a gradient runs.
      const LoggedCall call = log_.calls()[i];
      if (call.variable >= 0) {
        take_read(call);
      } else {
        take(call);
      }
      if (release_) log_.release(call);
    }
  }

  [[nodiscard]] Tensor result(const Source& source) const {
    if (source.is_variable()) {
      const std::int32_t index = log_.variable_index(source.variable());
      return index < 0 || static_cast<std::size_t>(index) >= variable_gradients_.size()
                 ? Tensor()
                 : variable_gradients_[static_cast<std::size_t>(index)];
    }
    const std::int32_t value = log_.find(source.tensor());
    return value < 0 || static_cast<std::size_t>(value) >= gradients_.size()
               ? Tensor()
               : gradients_[static_cast<std::size_t>(value)];
  }

 private:
  // Marks the sources, then, in the order of the calls, what depends on them.
  void mark(std::span<const Source> sources) {
    for (const Source& source : sources) {
      if (source.is_variable()) {
        const std::int32_t index = log_.variable_index(source.variable());
        if (index >= 0) variable_needed_[static_cast<std::size_t>(index)] = 1;
      } else if (const std::int32_t value = log_.find(source.tensor()); value >= 0) {
        needed_[static_cast<std::size_t>(value)] = 1;
        kept_[static_cast<std::size_t>(value)] = 1;
      }
    }
    for (const LoggedCall& call : log_.calls()) {
      bool any =
          call.variable >= 0 && variable_needed_[static_cast<std::size_t>(call.variable)] != 0;
      for (const std::int32_t value : log_.inputs_of(call)) any = any || needs(value);
      if (!any) continue;
      for (const std::int32_t value : log_.outputs_of(call)) {
        if (value >= 0) needed_[static_cast<std::size_t>(value)] = 1;
      }
    }
  }

  [[nodiscard]] bool needs(std::int32_t value) const {
    return value >= 0 && needed_[static_cast<std::size_t>(value)] != 0;
  }

  // The gradient that has gathered at a value; given away unless the value is a source.
  [[nodiscard]] Tensor collect(std::int32_t value) {
    if (!needs(value)) return {};
    Tensor& gradient = gradients_[static_cast<std::size_t>(value)];
    return kept_[static_cast<std::size_t>(value)] != 0 ? gradient
                                                       : std::exchange(gradient, Tensor());
  }

  void take_read(const LoggedCall& call) {
    Tensor gradient = collect(log_.outputs_of(call)[0]);
    if (gradient.defined()) {
      accumulate(variable_gradients_[static_cast<std::size_t>(call.variable)], std::move(gradient));
    }
  }

  void take(const LoggedCall& call) {
    output_gradients_.clear();
    bool any = false;
    for (const std::int32_t value : log_.outputs_of(call)) {
      output_gradients_.push_back(collect(value));
      any = any || output_gradients_.back().defined();
    }
    if (!any) return;
    std::vector<Tensor> gradients = differentiate(call);
    for (std::uint32_t i = 0; i < call.inputs; ++i) {
      Tensor& gradient = gradients[i];
      const std::int32_t value = log_.inputs_of(call)[i];
      if (gradient.defined() && needs(value)) {
        accumulate(gradients_[static_cast<std::size_t>(value)], std::move(gradient));
      }
    }
  }

  [[nodiscard]] std::vector<Tensor> differentiate(const LoggedCall& call) {
    if (call.backward >= 0) return call_backward(call);
    if (call.op->gradient == nullptr) {
      throw LookupError(text("gradient: no gradient defined for operation ", call.op->name));
    }
    std::vector<Tensor> gradients(call.inputs);
    std::array<bool, 16> few{};
    const std::unique_ptr<bool[]> many =
        call.inputs > few.size() ? std::make_unique<bool[]>(call.inputs) : nullptr;
    const std::span<bool> needed(many ? many.get() : few.data(), call.inputs);
    for (std::uint32_t i = 0; i < call.inputs; ++i) needed[i] = needs(log_.inputs_of(call)[i]);
    if (release_) {
      op::GradientContext context(call.op->name, log_.attrs_of(call), log_.saved_inputs(call),
                                  log_.saved_outputs(call), needed, output_gradients_, gradients);
      call.op->gradient(context);
    } else {
      differentiate_copied(call, needed, gradients);
    }
    return gradients;
  }

  // The same on copies of what the log holds.
  void differentiate_copied(const LoggedCall& call, std::span<const bool> needed,
                            std::vector<Tensor>& gradients) {
    const auto in = log_.saved_inputs(call);
    const auto out = log_.saved_outputs(call);
    const std::vector<op::Saved> inputs(in.begin(), in.end());
    const std::vector<op::Saved> outputs(out.begin(), out.end());
    const Attrs attrs(log_.attrs_of(call));
    const std::vector<Tensor> output_gradients = output_gradients_;
    op::GradientContext context(call.op->name, attrs.view(), inputs, outputs, needed,
                                output_gradients, gradients);
    call.op->gradient(context);
  }

  [[nodiscard]] std::vector<Tensor> call_backward(const LoggedCall& call) {
    const auto saved = log_.saved_outputs(call);
    std::vector<Tensor> given = output_gradients_;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (!given[i].defined()) given[i] = fill(saved[i].spec.shape, 0.0, saved[i].spec.dtype);
    }
    const auto in = log_.saved_inputs(call);
    const std::vector<op::Saved> inputs(in.begin(), in.end());
    std::vector<Tensor> gradients = log_.backward_of(call)(given);
    if (gradients.size() != inputs.size()) {
      throw ValueError(text("custom_gradient: the gradient function returned ", gradients.size(),
                            " gradients for ", inputs.size(), " inputs"));
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (gradients[i].defined() &&
          !gradients[i].shape().is_compatible_with(inputs[i].spec.shape)) {
        throw InvalidArgumentError(text("custom_gradient: gradient ", i, " has shape ",
                                        gradients[i].shape(), ", the input ",
                                        inputs[i].spec.shape));
      }
    }
    return gradients;
  }

  CallLog& log_;
  const bool release_;
  const std::size_t calls_;
  std::vector<unsigned char> needed_;
  std::vector<unsigned char> kept_;
  std::vector<Tensor> gradients_;
  std::vector<unsigned char> variable_needed_;
  std::vector<Tensor> variable_gradients_;
  std::vector<Tensor> output_gradients_;
};

}  // namespace

std::vector<Tensor> backward(CallLog& log, std::span<const Tensor> targets,
                             std::span<const Tensor> seeds, std::span<const Source> sources,
                             bool release) {
  Pass pass(log, sources, release);
  for (std::size_t i = 0; i < targets.size(); ++i) pass.seed(targets[i], seeds[i]);
  pass.run();
  std::vector<Tensor> results;
  results.reserve(sources.size());
  for (const Source& source : sources) results.push_back(pass.result(source));
  return results;
}

}  // namespace keen::autodiff
