// The base of TF1's layers (tf.compat.v1.layers.Layer).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernels/padding.h"
#include "shim/compat/v1/get_variable.h"
#include "shim/compat/v1/variable_scope.h"
#include "shim/keras/activations.h"
#include "shim/keras/backend.h"
#include "shim/keras/layers/layer.h"
#include "shim/none.h"

namespace keen::compat::v1::layers {

using Activation = keen::keras::activations::Activation;
using CallArgs = keen::keras::layers::CallArgs;

// One number for both directions, or height and width.
class IntPair {
 public:
  IntPair(int both) : values_{both, both} {}                      // NOLINT
  IntPair(int height, int width) : values_{height, width} {}      // NOLINT
  operator const std::array<int, 2>&() const { return values_; }  // NOLINT
  [[nodiscard]] int operator[](std::size_t i) const { return values_[i]; }

 private:
  std::array<int, 2> values_;
};

// "valid" or "same", in any case. ValueError for another word.
class PaddingArg {
 public:
  PaddingArg(const char* name);                                      // NOLINT
  PaddingArg(const std::string& name) : PaddingArg(name.c_str()) {}  // NOLINT
  PaddingArg(Padding padding) : padding_(padding) {}                 // NOLINT
  operator Padding() const { return padding_; }                      // NOLINT

 private:
  Padding padding_;
};

namespace detail {

// What the layers of a class share: the name that theirs are made of, and the count of them.
struct LayerClass {
  explicit LayerClass(const char* name)
      : base_name(name), counter(keen::keras::backend::object_counter(name)) {}
  std::string_view base_name;
  keen::keras::backend::ObjectCounter& counter;
};

// How a layer's name and scope come about.
struct LayerSpec {
  const LayerClass& layer_class;
  const OrNone<std::string>& name;
  bool trainable = true;
  Reuse reuse = None;
  // The name is the scope's, as the functions that make weights want it.
  bool name_is_scope = false;
  // For one call by a function: the weights belong to the store or to nobody.
  bool once = false;
};

// A weight as a layer asks for it.
struct ExpectedWeight {
  std::string_view name;
  TensorSpec spec;
  bool regularized = false;
};

// For a function of a layer that stands for one call of a new layer object: fills in the weights if
// the current store has them all, as they are expected, so that no such object need be made. The
// counts of names then are as after its call. False, and nothing has changed, where the object
// could make a difference: in a function being traced, without a store, for missing weights.
[[nodiscard]] bool reuse_weights(const LayerClass& layer_class, const OrNone<std::string>& name,
                                 std::span<const ExpectedWeight> expected,
                                 std::span<Variable> weights);

}  // namespace detail

// A layer whose variables come from get_variable, in a variable scope that it opens when it is
// first called and enters in every call.
class Layer : public keen::keras::layers::Layer {
 public:
  // Hides Keras' calls: the layer's scope is entered first.
  Tensor operator()(const Tensor& inputs, const CallArgs& args = {});

  // "model/dense". ValueError before the first call.
  [[nodiscard]] const std::string& scope_name() const;

 protected:
  explicit Layer(const detail::LayerSpec& spec);
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): throws for a layer in use
  Layer(Layer&& other);

  // The variable of that name in the layer's scope; see get_variable. Without an initializer it
  // takes the scope's, or Keras' default.
  Variable add_weight(std::string_view name, const GetVariableArgs& args,
                      const Initializer& initializer, const Regularizer& regularizer);

  // The dtype of weights: that of the inputs of the first call.
  [[nodiscard]] DType weight_dtype() const { return weight_dtype_; }

  [[nodiscard]] std::string automatic_name() const override;
  [[nodiscard]] NameScope name_scope_of_call() const override;

 private:
  void settle_scope();
  // The weight if the current store has it already.
  [[nodiscard]] Variable find_weight(std::string_view name, const GetVariableArgs& args) const;
  [[nodiscard]] Variable make_weight(std::string_view name, GetVariableArgs args,
                                     const Initializer& initializer) const;

  const detail::LayerClass* class_;
  std::string given_name_;
  int number_ = 0;  // of the automatic name, taken when the layer is made
  Reuse reuse_;
  bool once_;
  DType weight_dtype_ = DType::kFloat32;
  std::optional<VariableScope> scope_;
};

}  // namespace keen::compat::v1::layers
