// The row that describes an op, and the contexts that its functions receive.
//
// A row is a constant: it names the functions, so that a missing kernel is a link error.
//
//   constinit const op::Op kConv2D{
//       .name = "Conv2D",
//       .inputs = {{"input"}, {"filter"}},
//       .dtypes = kFloat32And64,
//       .gradient_reads = {.inputs = op::reads(0, 1)},
//       .infer = infer, .gradient = gradient, .cpu = conv2d_cpu};
//   KEEN_OP(kConv2D);
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "runtime/base/attrs.h"
#include "runtime/base/spec.h"
#include "runtime/device/device_context.h"
#include "runtime/op/inputs.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::op {

class InferContext;
class KernelContext;
class GradientContext;

using InferFunction = void (*)(InferContext&);
using KernelFunction = void (*)(KernelContext&);
using GradientFunction = void (*)(GradientContext&);

enum class Effect : std::uint8_t {
  kPure,
  kReadsVariable,
  kWritesVariable,
  kRandom,  // draws from a state that moves on
  kHost,    // does something outside of the runtime
};

enum class Arity : std::uint8_t {
  kOne,
  kOptional,  // may be absent (an undefined tensor)
  kVariadic,  // any number, also none; the last input only
};

// Stands for "the type that all inputs so marked share": TensorFlow's attribute T.
inline constexpr DTypeSet kTypeT = 0;

struct InputDef {
  const char* name = "";
  DTypeSet types = kTypeT;
  Arity arity = Arity::kOne;
  // Read on the host: an axis, a shape. `infer` sees its value where it is known.
  bool host = false;
};

class InputDefs {
 public:
  static constexpr int kMax = 10;
  constexpr InputDefs() = default;
  constexpr InputDefs(std::initializer_list<InputDef> list) {  // NOLINT
    for (const InputDef& def : list) defs_[static_cast<std::size_t>(size_++)] = def;
    while (fixed_ < size_ && defs_[static_cast<std::size_t>(fixed_)].arity != Arity::kVariadic) {
      ++fixed_;
    }
  }
  [[nodiscard]] constexpr int size() const { return size_; }
  // How many there are before a variadic one.
  [[nodiscard]] constexpr int fixed() const { return fixed_; }
  [[nodiscard]] constexpr bool variadic() const { return fixed_ < size_; }
  // The definition of input i of a call: a variadic one stands for all from its place on.
  [[nodiscard]] constexpr const InputDef& operator[](int i) const {
    return defs_[static_cast<std::size_t>(i < size_ ? i : size_ - 1)];
  }

 private:
  std::array<InputDef, kMax> defs_{};
  int size_ = 0;
  int fixed_ = 0;
};

// Bit masks of the inputs and outputs whose values a gradient needs; the tape keeps only those.
template <class... I>
constexpr std::uint32_t reads(I... indices) {
  return ((std::uint32_t{1} << indices) | ... | 0U);
}
inline constexpr std::uint32_t kReadsAll = 0xFFFFFFFFU;
struct GradientReads {
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
};

struct Op {
  const char* name;  // TensorFlow's op name; a leading underscore marks one that it lacks
  InputDefs inputs = {};
  int outputs = 1;
  // For ops whose number of outputs depends on the call; null: `outputs`.
  int (*output_count)(const InferContext&) = nullptr;
  // What T may be in the CPU's and in the GPU's kernel.
  DTypeSet dtypes = kFixedSizeTypes;
  DTypeSet gpu_dtypes = 0;
  Effect effect = Effect::kPure;
  // Output 0 has the elements of input 0 under its own shape: no kernel runs.
  bool shares_input = false;
  // The same inputs give the same bits on the same device with the same number of threads.
  bool deterministic = true;
  GradientReads gradient_reads = {};
  InferFunction infer = nullptr;
  // Null: asking for it is a LookupError; not_differentiable: gradients stop here.
  GradientFunction gradient = nullptr;
  KernelFunction cpu = nullptr;
  KernelFunction gpu = nullptr;
};

// Marks a row as one through which no gradient flows (tf.no_gradient).
void not_differentiable(GradientContext& context);

// All rows of the library, in the order of linking.
[[nodiscard]] std::span<const Op* const> all();

// Puts the row's address where all() finds it.
#define KEEN_OP(row) \
  [[gnu::used, gnu::section("keen_ops")]] static const ::keen::op::Op* const keen_op_##row = &row

// What a row's `gpu` is: the function, or null in a build without CUDA.
#ifdef KEEN_HAS_CUDA
#define KEEN_GPU_KERNEL(function) function
#else
#define KEEN_GPU_KERNEL(function) nullptr
#endif

// Specs of the outputs from those of the inputs. Throws where the arguments don't fit, with a text
// that starts with the op's name. Number of inputs, their presence and dtypes have been checked.
class InferContext {
 public:
  InferContext(const Op& op, const Inputs& inputs, AttrsView attrs,
               std::span<const Variable> variables, Outputs& outputs)
      : op_(op), inputs_(inputs), attrs_(attrs), variables_(variables), outputs_(outputs) {}

  [[nodiscard]] const char* op_name() const { return op_.name; }
  [[nodiscard]] int input_count() const { return inputs_.size(); }
  [[nodiscard]] bool has_input(int i) const { return i < inputs_.size() && inputs_[i].defined(); }
  [[nodiscard]] const TensorSpec& input(int i) const { return inputs_[i].impl().spec; }
  [[nodiscard]] DType dtype(int i) const { return input(i).dtype; }
  [[nodiscard]] const Shape& shape(int i) const { return input(i).shape; }
  // The input's tensor if its value is known (not symbolic), else null.
  [[nodiscard]] const Tensor* host_value(int i) const {
    return inputs_[i].is_symbolic() ? nullptr : &inputs_[i];
  }
  template <AttrsStruct T>
  [[nodiscard]] const T& attrs() const {
    return attrs_.as<T>();
  }
  [[nodiscard]] const Variable& variable(int i) const {
    return variables_[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] int variable_count() const { return static_cast<int>(variables_.size()); }
  [[nodiscard]] int output_count() const { return outputs_.size(); }
  void set_output(int i, DType dtype, const Shape& shape) {
    TensorSpec& spec = outputs_[i].impl().spec;
    spec.dtype = dtype;
    spec.shape = shape;
  }
  void set_output(int i, const TensorSpec& spec) { outputs_[i].impl().spec = spec; }

 private:
  const Op& op_;
  const Inputs& inputs_;
  AttrsView attrs_;
  std::span<const Variable> variables_;
  Outputs& outputs_;
};

// Runs the op: inputs are on the device (host inputs on the CPU), outputs are allocated and
// undefined. A kernel may throw before it has written to a variable.
class KernelContext {
 public:
  KernelContext(const Op& op, const Inputs& inputs, AttrsView attrs,
                std::span<const Variable> variables, Outputs& outputs, Device device)
      : op_(op),
        inputs_(inputs),
        attrs_(attrs),
        variables_(variables),
        outputs_(outputs),
        device_(device) {}

  [[nodiscard]] const char* op_name() const { return op_.name; }
  [[nodiscard]] int input_count() const { return inputs_.size(); }
  [[nodiscard]] bool has_input(int i) const { return i < inputs_.size() && inputs_[i].defined(); }
  [[nodiscard]] const Tensor& input(int i) const { return inputs_[i]; }
  [[nodiscard]] const Shape& shape(int i) const { return inputs_[i].impl().spec.shape; }
  [[nodiscard]] DType dtype(int i) const { return inputs_[i].impl().spec.dtype; }
  [[nodiscard]] int output_count() const { return outputs_.size(); }
  [[nodiscard]] const TensorSpec& output(int i) const { return outputs_[i].impl().spec; }
  // Elements, unchecked: the row has said which types arrive here.
  template <class T>
  [[nodiscard]] const T* in(int i) const {
    return static_cast<const T*>(inputs_[i].impl().buffer->data());
  }
  template <class T>
  [[nodiscard]] T* out(int i) const {
    return static_cast<T*>(outputs_[i].impl().buffer->data());
  }
  // Instead of writing to output i: it shares the value's elements.
  void share_output(int i, const Tensor& value) { outputs_[i].impl().buffer = value.impl().buffer; }
  template <AttrsStruct T>
  [[nodiscard]] const T& attrs() const {
    return attrs_.as<T>();
  }
  [[nodiscard]] VariableImpl& variable(int i) const {
    return variables_[static_cast<std::size_t>(i)].impl();
  }
  [[nodiscard]] int variable_count() const { return static_cast<int>(variables_.size()); }
  [[nodiscard]] Device device() const { return device_; }
  [[nodiscard]] device::DeviceContext& device_context() const { return device::context(device_); }
  [[nodiscard]] int threads() const { return device_context().threads(); }
  // Memory for the time of the call.
  [[nodiscard]] RefPtr<Buffer> scratch(std::size_t bytes) const {
    return Buffer::allocate(device_, bytes);
  }
  // UnimplementedError naming op, dtype and device: for a subset of the row's types.
  [[noreturn]] void unsupported(DType dtype) const;

 private:
  const Op& op_;
  const Inputs& inputs_;
  AttrsView attrs_;
  std::span<const Variable> variables_;
  Outputs& outputs_;
  Device device_;
};

}  // namespace keen::op
