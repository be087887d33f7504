// What a row's gradient function receives.
#pragma once

#include <span>

#include "runtime/base/attrs.h"
#include "runtime/base/spec.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::op {

// A tensor that a tape remembers: its spec, and its value where the row's gradient_reads asks for
// it.
struct Saved {
  Tensor value;
  TensorSpec spec;
};

// Gradients are written in ops, so that they are recorded, traced and differentiated like others.
// Output gradients are undefined where nothing depends on the output; input gradients are undefined
// until they are set and may stay so ("no gradient"). At least one output gradient is defined.
class GradientContext {
 public:
  GradientContext(const char* op_name, AttrsView attrs, std::span<const Saved> inputs,
                  std::span<const Saved> outputs, std::span<const bool> needed,
                  std::span<const Tensor> output_gradients, std::span<Tensor> input_gradients)
      : op_name_(op_name),
        attrs_(attrs),
        inputs_(inputs),
        outputs_(outputs),
        needed_(needed),
        output_gradients_(output_gradients),
        input_gradients_(input_gradients) {}

  [[nodiscard]] const char* op_name() const { return op_name_; }
  [[nodiscard]] int input_count() const { return static_cast<int>(inputs_.size()); }
  [[nodiscard]] int output_count() const { return static_cast<int>(outputs_.size()); }
  [[nodiscard]] bool has_input(int i) const { return spec(i).dtype != DType::kInvalid; }
  // The value; InternalError if the row's gradient_reads doesn't name it.
  [[nodiscard]] const Tensor& input(int i) const {
    return value_of(inputs_[static_cast<std::size_t>(i)], "input", i);
  }
  [[nodiscard]] const Tensor& output(int i) const {
    return value_of(outputs_[static_cast<std::size_t>(i)], "output", i);
  }
  [[nodiscard]] const TensorSpec& spec(int i) const {
    return inputs_[static_cast<std::size_t>(i)].spec;
  }
  [[nodiscard]] const Shape& shape(int i) const { return spec(i).shape; }
  [[nodiscard]] const TensorSpec& output_spec(int i) const {
    return outputs_[static_cast<std::size_t>(i)].spec;
  }
  // Whether anybody wants the gradient of input i: work for others can be left out.
  [[nodiscard]] bool needs(int i) const { return needed_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] const Tensor& output_gradient(int i) const {
    return output_gradients_[static_cast<std::size_t>(i)];
  }
  // The same, as zeros where nothing depends on the output.
  [[nodiscard]] Tensor output_gradient_or_zeros(int i) const;
  template <AttrsStruct T>
  [[nodiscard]] const T& attrs() const {
    return attrs_.as<T>();
  }
  void set_input_gradient(int i, Tensor gradient) {
    input_gradients_[static_cast<std::size_t>(i)] = std::move(gradient);
  }

 private:
  [[nodiscard]] const Tensor& value_of(const Saved& saved, const char* what, int i) const;

  const char* op_name_;
  AttrsView attrs_;
  std::span<const Saved> inputs_;
  std::span<const Saved> outputs_;
  std::span<const bool> needed_;
  std::span<const Tensor> output_gradients_;
  std::span<Tensor> input_gradients_;
};

}  // namespace keen::op
