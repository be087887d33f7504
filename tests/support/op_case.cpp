#include "tests/support/op_case.h"

#include <exception>

#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"
#include "runtime/trace/function.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using List = std::vector<Tensor>;

List on_device(const List& tensors, Device device) {
  List result = tensors;
  for (Tensor& tensor : result) {
    if (tensor.defined()) tensor = copy_to(tensor, device);
  }
  return result;
}

// Copies that share nothing with the originals.
List copies(const List& tensors) {
  List result;
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined()) {
      result.emplace_back();
    } else {
      const Tensor here = copy_to(tensor, cpu());
      result.push_back(
          Tensor::from_bytes(here.impl().buffer->data(), here.num_elements(), here.spec()));
    }
  }
  return result;
}

bool any_floating(const List& tensors) {
  for (const Tensor& tensor : tensors) {
    if (tensor.defined() && is_floating(tensor.dtype())) return true;
  }
  return false;
}

class Play {
 public:
  Play(const OpCase& op_case, Device device, BitDigest* bits)
      : case_(op_case), device_(device), inputs_(on_device(op_case.inputs, device)), bits_(bits) {}

  std::vector<std::string> run() {
    if (!case_.error.kind.empty()) {
      expect_error("eager", case_.call);
      expect_error("traced", traced(case_.call));
      return std::move(problems_);
    }
    const List before = copies(inputs_);
    const std::vector<List> eager = three_calls(case_.call);
    const List& outputs = eager[0];
    note_bits(outputs);
    check_outputs(outputs);
    same_calls("eager", three_calls(case_.call), eager);
    const auto replay = traced(case_.call);
    same_calls("traced", three_calls(replay), eager);
    if (replay.experimental_get_tracing_count() != 1) add("the function was traced again");
    check_gradients(outputs);
    same("inputs after the calls", inputs_, before);
    return std::move(problems_);
  }

 private:
  void add(std::string problem) {
    if (!problem.empty()) problems_.push_back(std::move(problem));
  }

  void note_bits(const List& tensors) {
    for (const Tensor& tensor : tensors) {
      if (bits_ != nullptr) bits_->add(tensor);
    }
  }

  void same(const std::string& what, const List& got, const List& want) {
    if (got.size() != want.size()) {
      add(text(what, ": ", got.size(), " tensors, expected ", want.size()));
      return;
    }
    for (std::size_t i = 0; i < want.size(); ++i) {
      add(exact_difference(text(what, ": ", i), got[i], want[i]));
    }
  }

  template <class Call>
  [[nodiscard]] std::vector<List> three_calls(const Call& call) const {
    if (case_.reset) case_.reset();
    std::vector<List> results;
    for (int i = 0; i < 3; ++i) results.push_back(call(inputs_));
    return results;
  }

  void same_calls(const std::string& mode, const std::vector<List>& got,
                  const std::vector<List>& want) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      same(text(mode, ", call ", i + 1), got[i], case_.reset ? want[i] : want[0]);
    }
  }

  static Function<List(const List&)> traced(const OpCall& call) {
    return function([&call](const List& inputs) { return call(inputs); });
  }

  template <class Call>
  void expect_error(const std::string& mode, const Call& call) {
    const auto& [kind, part] = case_.error;
    try {
      static_cast<void>(call(inputs_));
      add(text(mode, ": no error, expected ", kind));
    } catch (const Error& error) {
      const std::string given = error.what();
      if (kind != error.kind() || given.find(part) == std::string::npos) {
        add(text(mode, ": got ", error.kind(), " '", given, "', expected ", kind, " with '", part,
                 "'"));
      }
    }
  }

  void check_outputs(const List& outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].device() != device_) {
        add(text("output ", i, " is on ", outputs[i].device()));
      }
    }
    if (case_.outputs.empty()) return;
    if (outputs.size() != case_.outputs.size()) {
      add(text(outputs.size(), " outputs, expected ", case_.outputs.size()));
      return;
    }
    const bool on_gpu = device_.type == DeviceType::kGpu;
    const Tolerance tolerance =
        on_gpu ? case_.gpu_tolerance.value_or(case_.tolerance) : case_.tolerance;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      add(difference(text("output ", i), outputs[i], case_.outputs[i], tolerance));
    }
  }

  // Weights of the outputs, undefined for those that gradients do not flow from.
  List cotangents_for(const List& outputs) const {
    if (!case_.cotangents.empty()) return on_device(case_.cotangents, device_);
    List result;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const TensorSpec& spec = outputs[i].spec();
      result.push_back(is_floating(spec.dtype) ? copy_to(arbitrary(spec, i + 1), device_)
                                               : Tensor());
    }
    return result;
  }

  template <class Call>
  static List gradients_of(const Call& call, const List& inputs, const List& cotangents) {
    GradientTape tape;
    std::vector<Source> sources;
    for (const Tensor& input : inputs) {
      if (!input.defined() || !is_floating(input.dtype())) continue;
      tape.watch(input);
      sources.emplace_back(input);
    }
    const List outputs = call(inputs);
    List targets;
    List weights;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!cotangents[i].defined()) continue;
      targets.push_back(outputs[i]);
      weights.push_back(cotangents[i]);
    }
    const List found = tape.gradient(targets, sources, {.output_gradients = weights});
    List result;
    std::size_t next = 0;
    for (const Tensor& input : inputs) {
      const bool source = input.defined() && is_floating(input.dtype());
      result.push_back(source ? found[next++] : Tensor());
    }
    return result;
  }

  void check_gradients(const List& outputs) {
    if (!any_floating(inputs_) || !any_floating(outputs)) return;
    const bool expected = !case_.gradients.empty();
    if (case_.gradient == GradientCheck::kNone && !expected) return;
    const List cotangents = cotangents_for(outputs);
    const List gradients = gradients_of(case_.call, inputs_, cotangents);
    note_bits(gradients);
    check_specs(gradients);
    check_traced_gradients(gradients, cotangents);
    if (expected) {
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        const std::optional<Tensor>& want = case_.gradients.at(i);
        if (!want) continue;
        add(difference(text("gradient of input ", i), gradients[i], *want,
                       case_.gradient_tolerance));
      }
    }
    if (case_.gradient == GradientCheck::kNone) return;
    check_against_differences(cotangents, gradients);
  }

  // The tape around a function, and the tape within one.
  void check_traced_gradients(const List& gradients, const List& cotangents) {
    same("gradient through a function", gradients_of(traced(case_.call), inputs_, cotangents),
         gradients);
    List defined;
    for (const Tensor& gradient : gradients) {
      if (gradient.defined()) defined.push_back(gradient);
    }
    const auto within = function([this](const List& inputs, const List& weights) {
      List found = gradients_of(case_.call, inputs, weights);
      std::erase_if(found, [](const Tensor& tensor) { return !tensor.defined(); });
      return found;
    });
    for (const char* mode : {"gradient in a function", "gradient replayed"}) {
      same(mode, within(inputs_, cotangents), defined);
    }
  }

  void check_specs(const List& gradients) {
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined() && gradients[i].spec() != inputs_[i].spec()) {
        add(text("gradient of input ", i, " is ", gradients[i].spec(), ", the input ",
                 inputs_[i].spec()));
      }
    }
  }

  void check_against_differences(const List& cotangents, const List& gradients) {
    const DType wide =
        case_.gradient == GradientCheck::kFloat64 ? DType::kFloat64 : DType::kFloat32;
    const List inputs = on_device(converted(inputs_, wide), device_);
    const List weights = on_device(converted(cotangents, wide), device_);
    const List wide_gradients = gradients_of(case_.call, inputs, weights);
    for (auto& problem :
         compare_with_differences(case_.call, inputs, weights, wide_gradients, differences_)) {
      add(std::move(problem));
    }
    // The case's own type, against the wide one.
    const List narrow = converted(gradients, wide);
    for (std::size_t i = 0; i < narrow.size(); ++i) {
      if (!inputs_[i].defined() || !is_floating(inputs_[i].dtype())) continue;
      const bool small = size_of(inputs_[i].dtype()) == 2;
      add(difference(text("gradient of input ", i, " beside that in ", wide), narrow[i],
                     wide_gradients[i], small ? Tolerance{3e-2, 3e-2} : Tolerance{1e-4, 1e-5}));
    }
  }

  const OpCase& case_;
  const Device device_;
  const List inputs_;
  BitDigest* const bits_;
  // Each costs two calls, and calls are slow on simulated devices.
  const std::size_t differences_ = device_.type == DeviceType::kCpu ? 48 : 5;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> play(const OpCase& op_case, Device device, BitDigest* bits) {
  const DeviceScope scope(device);
  try {
    return Play(op_case, device, bits).run();
  } catch (const Error& error) {
    return {text("threw ", error.kind(), ": ", error.what())};
  } catch (const std::exception& error) {
    return {text("threw: ", error.what())};
  }
}

}  // namespace keen::test
