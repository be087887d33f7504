// The base of all layers (tf.keras.layers.Layer).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/dtype.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensors.h"
#include "runtime/tensor/variable.h"
#include "shim/keras/initializers.h"
#include "shim/keras/regularizers.h"
#include "shim/module.h"
#include "shim/name_scope.h"
#include "shim/none.h"
#include "shim/shape_arg.h"

namespace keen::keras::layers {

using Initializer = initializers::Initializer;
using Regularizer = regularizers::Regularizer;

// What a call passes beside the inputs.
struct CallArgs {
  // nullopt: that of the layer around this one; within call() still nullopt if nobody said.
  std::optional<bool> training = std::nullopt;
  Tensor mask = {};
  std::map<std::string, Tensor> extras = {};
};

struct LayerArgs {
  // None: made of the class's name and a number when it is first needed.
  OrNone<std::string> name = None;
  bool trainable = true;
};

struct AddWeightArgs {
  ShapeArg shape = {};
  DType dtype = DType::kFloat32;
  // None: glorot_uniform, or zeros for integers and bool.
  Initializer initializer = None;
  Regularizer regularizer = None;
  // None: unless the variable is synchronised on reads.
  OrNone<bool> trainable = None;
  VariableSynchronization synchronization = VariableSynchronization::kAuto;
  VariableAggregation aggregation = VariableAggregation::kNone;
};

// A module with a call. Overriders give one of the two forms of call(), and build() where weights
// depend on the shape of the input:
//
//   class Scale final : public tf::keras::layers::Layer {
//    protected:
//     void build(const Shape& input_shape) override {
//       factor_ = add_weight("factor", {.shape = {input_shape[-1]}, .initializer = "ones"});
//     }
//     Tensor call(const Tensor& inputs, const CallArgs&) override { return inputs * factor_; }
//   };
class Layer : public Module {
 public:
  using CallArgs = layers::CallArgs;
  using LayerArgs = layers::LayerArgs;
  using Tensors = ::keen::Tensors;
  using Shape = ::keen::Shape;

  explicit Layer(const LayerArgs& args = {});
  ~Layer() override;

  // Builds the layer if it is not built and calls it, with `training` settled. NotImplementedError
  // where the form of call() that fits the inputs is not overridden.
  Tensor operator()(const Tensor& inputs, const CallArgs& args = {});
  Tensors operator()(const Tensors& inputs, const CallArgs& args = {});

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] bool built() const { return built_; }
  [[nodiscard]] bool trainable() const { return trainable_; }
  // Of this layer and of all layers that it tracks.
  void set_trainable(bool trainable);

  // Keras' order: own weights before those of tracked modules in the order of tracking; in
  // weights() and variables() the trainable ones first.
  [[nodiscard]] std::vector<Variable> weights() const { return variables(); }
  [[nodiscard]] std::vector<Variable> trainable_weights() const { return trainable_variables(); }
  [[nodiscard]] std::vector<Variable> non_trainable_weights() const {
    return non_trainable_variables();
  }

  // The losses of the weights as they are now: of this layer, of its TF1-style variables, and of
  // the layers that it tracks.
  [[nodiscard]] std::vector<Tensor> losses() const;

 protected:
  Layer(Layer&& other) = default;

  virtual void build(const Shape& input_shape);
  // Two overloads of which a layer overrides one: the other stays hidden on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverloaded-virtual"
  virtual Tensor call(const Tensor& inputs, const CallArgs& args);
  virtual Tensors call(const Tensors& inputs, const CallArgs& args);
#pragma GCC diagnostic pop

  // Makes a variable of the layer, named below the current name scope.
  Variable add_weight(const std::string& name, const AddWeightArgs& args);
  // A loss that losses() computes anew each time; it may give an undefined tensor for none.
  void add_loss(std::function<Tensor()> loss);
  // Lists a variable that was made elsewhere among the layer's.
  void add_variable(const Variable& variable, bool trainable);

  // The name where none was given: of the class's name in snake case. Asked for once.
  [[nodiscard]] virtual std::string automatic_name() const;
  // The name scope of a call.
  [[nodiscard]] virtual NameScope name_scope_of_call() const { return NameScope(name()); }
  void set_name(std::string name) { name_ = std::move(name); }

  void collect(keen::detail::Which which, keen::detail::VariableList& out) const override;

 private:
  class Entered;

  void build_once(const Shape& input_shape);
  void append_losses(std::vector<Tensor>& out) const;

  mutable std::string name_;
  bool trainable_;
  bool built_ = false;
  std::vector<Variable> trainable_weights_;
  std::vector<Variable> non_trainable_weights_;
  std::vector<std::function<Tensor()>> losses_;
};

}  // namespace keen::keras::layers
