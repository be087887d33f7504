#include "shim/keras/layers/layer.h"

#include <algorithm>
#include <typeinfo>
#include <utility>

#include "runtime/base/demangle.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/context.h"
#include "shim/compat/v1/variable_store.h"
#include "shim/keras/backend.h"
#include "shim/name_scope.h"

namespace keen::keras::layers {
namespace {

// "DenseLayer" of keen::models::DenseLayer.
std::string class_name(const std::type_info& type) {
  std::string full = demangled(type.name());
  full = full.substr(0, full.find('<'));
  const std::size_t colon = full.rfind(':');
  return colon == std::string::npos ? full : full.substr(colon + 1);
}

Shape shape_of(const Tensors& inputs) {
  const std::vector<Tensor> flat = inputs.flatten();
  return flat.empty() ? Shape::unknown() : flat.front().shape();
}

void append(std::vector<Variable>& to, const Variable& variable) {
  const auto same = [&](const Variable& other) { return other.is(variable); };
  if (std::ranges::none_of(to, same)) to.push_back(variable);
}

}  // namespace

Layer::Layer(const LayerArgs& args) : trainable_(args.trainable) {
  if (args.name.has_value()) name_ = *args.name;
}

Layer::~Layer() = default;

const std::string& Layer::name() const {
  if (name_.empty()) name_ = automatic_name();
  return name_;
}

std::string Layer::automatic_name() const {
  return backend::unique_object_name(backend::to_snake_case(class_name(typeid(*this))));
}

void Layer::set_trainable(bool trainable) {
  trainable_ = trainable;
  for (const Child& child : children()) {
    if (auto* layer = dynamic_cast<Layer*>(child.module.get())) layer->set_trainable(trainable);
  }
}

// ---- Calls ----

// The surroundings of a call: its name scope, and `training` for the layers within.
class Layer::Entered {
 public:
  Entered(const Layer& layer, const CallArgs& given)
      : name_scope_(layer.name_scope_of_call()), training_(Context::current().training()) {
    if (given.training && given.training != training_) {
      Context::current().set_training(given.training);
    } else if (!given.training && training_) {
      args_ = given;
      args_->training = training_;
    }
    args_given_ = &given;
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  ~Entered() { Context::current().set_training(training_); }

  [[nodiscard]] const CallArgs& args() const { return args_ ? *args_ : *args_given_; }

 private:
  NameScope name_scope_;
  std::optional<bool> training_;  // around the call
  const CallArgs* args_given_;
  std::optional<CallArgs> args_;  // if `training` was inherited
};

void Layer::build_once(const Shape& input_shape) {
  fix_in_place();
  build(input_shape);
  built_ = true;
}

Tensor Layer::operator()(const Tensor& inputs, const CallArgs& args) {
  const Entered entered(*this, args);
  if (!built_) build_once(inputs.shape());
  return call(inputs, entered.args());
}

Tensors Layer::operator()(const Tensors& inputs, const CallArgs& args) {
  const Entered entered(*this, args);
  if (!built_) build_once(shape_of(inputs));
  return call(inputs, entered.args());
}

void Layer::build(const Shape& input_shape) { static_cast<void>(input_shape); }

Tensor Layer::call(const Tensor& inputs, const CallArgs& args) {
  static_cast<void>(inputs);
  static_cast<void>(args);
  throw NotImplementedError(text("Layer '", name(), "': call(const Tensor&, …) is not overridden"));
}

Tensors Layer::call(const Tensors& inputs, const CallArgs& args) {
  if (inputs.is_tensor()) return call(inputs.tensor(), args);
  throw NotImplementedError(
      text("Layer '", name(), "': call(const Tensors&, …) is not overridden"));
}

// ---- Weights and losses ----

void Layer::add_variable(const Variable& variable, bool trainable) {
  append(trainable ? trainable_weights_ : non_trainable_weights_, variable);
}

Variable Layer::add_weight(const std::string& name, const AddWeightArgs& args) {
  const bool on_read = args.synchronization == VariableSynchronization::kOnRead;
  const bool trainable = args.trainable.value_or(!on_read);
  if (on_read && trainable) {
    throw ValueError(
        text("Layer.add_weight: '", name, "' is synchronised on reads, so it can't be trainable"));
  }
  const Initializer initializer =
      args.initializer.given() ? args.initializer : initializers::default_for(args.dtype);
  Variable variable([&] { return initializer(args.shape.get(), args.dtype); },
                    {.trainable = trainable,
                     .name = name,
                     .synchronization = args.synchronization,
                     .aggregation = args.aggregation});
  if (args.regularizer.given()) {
    add_loss([variable, regularizer = args.regularizer] { return regularizer(variable.value()); });
  }
  add_variable(variable, trainable);
  return variable;
}

void Layer::add_loss(std::function<Tensor()> loss) { losses_.push_back(std::move(loss)); }

void Layer::append_losses(std::vector<Tensor>& out) const {
  if (v1_store() != nullptr) {
    const std::vector<Tensor> tracked = v1_store()->losses();
    out.insert(out.end(), tracked.begin(), tracked.end());
  }
  for (const auto& loss : losses_) {
    const Tensor value = loss();
    if (value.defined()) out.push_back(value);
  }
  for (const Child& child : children()) {
    if (const auto* layer = dynamic_cast<const Layer*>(child.module.get())) {
      layer->append_losses(out);
    }
  }
}

std::vector<Tensor> Layer::losses() const {
  std::vector<Tensor> result;
  append_losses(result);
  return result;
}

void Layer::collect(keen::detail::Which which, keen::detail::VariableList& out) const {
  using keen::detail::Which;
  if (which == Which::kAll) {
    collect(Which::kTrainable, out);
    collect(Which::kNonTrainable, out);
    return;
  }
  // A frozen layer has no trainable weights; its children are listed whole.
  if (which == Which::kTrainable && !trainable_) return;
  const bool frozen = !trainable_;
  if (which == Which::kTrainable || frozen) {
    for (const Variable& variable : trainable_weights_) out.add(variable);
  }
  if (which == Which::kNonTrainable) {
    for (const Variable& variable : non_trainable_weights_) out.add(variable);
  }
  for (const OwnVariable& own : own_variables()) {
    const bool wanted = frozen || own.variable.trainable() == (which == Which::kTrainable);
    if (wanted) out.add(own.variable);
  }
  for (const Child& child : children()) {
    collect_from(*child.module, frozen ? Which::kAll : which, out);
  }
}

}  // namespace keen::keras::layers
