// The two classes of the design, and every form that an argument may have.
#include "shim/keen.h"

namespace tf = keen;
namespace v1 = keen::compat::v1;

class DenseLayer final : public tf::keras::layers::Layer {
 public:
  explicit DenseLayer(int units) : units_(units) {}

 protected:
  Tensor call(const Tensor& inputs, const CallArgs&) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("dense");
    auto kernel = v1::get_variable("kernel", {.shape = {inputs.shape()[-1], units_},
                                              .initializer = v1::initializers::glorot_normal(),
                                              .regularizer = tf::keras::regularizers::L2()});
    return tf::linalg::matmul(inputs, kernel);
  }

 private:
  int units_;
};

class Model final : public tf::keras::layers::Layer {
 public:
  explicit Model(int units) : units_(units) {}

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("model");
    auto out = conv_1_(inputs, args);
    out = v1::layers::conv2d(out, 4, 4, {.kernel_regularizer = "l2"});
    out = v1::layers::batch_normalization(out, {.training = args.training});
    return v1::layers::dense(v1::layers::flatten(out), units_, {.kernel_regularizer = "l2"});
  }

 private:
  int units_;
  Ref<v1::layers::Conv2D> conv_1_ =
      track("conv_1", v1::layers::Conv2D(3, 3, {.kernel_regularizer = "l2"}));
};

// Several inputs and outputs.
class Pair final : public tf::keras::layers::Layer {
 protected:
  Tensors call(const Tensors& inputs, const CallArgs&) override {
    return {inputs[1].tensor() + inputs[0].tensor(), inputs[0].tensor()};
  }
};

// Any method may track, of a module as well as of a layer; modules may track each other.
class Tower final : public tf::Module {
 public:
  Tensor operator()(const Tensor& x, int depth) {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    return depth == 0 ? x : inner_(x, {.training = true});
  }

 private:
  Ref<DenseLayer> inner_ = track("inner", DenseLayer(3));
};

tf::Tensor argument_forms(const tf::Tensor& x) {
  auto scalar = v1::get_variable("scalar", {.shape = {}});
  auto matrix = v1::get_variable("matrix", {.shape = {3, 4}, .collections = {}});
  auto absent = v1::get_variable("absent", {.shape = tf::None, .collections = {"mine"}});
  auto typed = v1::get_variable(
      "typed", {.shape = tf::Shape({2}), .dtype = tf::DType::kInt32, .trainable = false});
  auto positional = v1::get_variable("positional", tf::Shape({2, 2}));
  auto both = v1::get_variable("both", tf::Shape({2}), {.initializer = tf::None});
  auto lambdas = v1::get_variable(
      "lambdas", {.shape = {2},
                  .initializer = [](const tf::Shape& shape,
                                    tf::DType dtype) { return tf::fill(shape, 2.0, dtype); },
                  .regularizer = [](const tf::Tensor& w) { return tf::reduce_sum(w); }});
  auto named =
      v1::get_variable("named", {.shape = {2}, .initializer = "ones", .regularizer = "l1"});
  auto value = v1::get_variable("value", {.initializer = tf::constant({1.0, 2.0})});
  return x + scalar * tf::reduce_sum(matrix) + positional.variable().value() + both.value() +
         lambdas + named + value + absent + tf::cast(typed, tf::DType::kFloat32);
}

void scope_forms() {
  auto scope = v1::variable_scope("a", {.initializer = v1::zeros_initializer(),
                                        .regularizer = tf::keras::regularizers::l2(0.5),
                                        .reuse = v1::AUTO_REUSE,
                                        .dtype = tf::DType::kFloat64});
  const v1::VariableScope kept = scope.scope();
  auto again = v1::variable_scope(kept, {.reuse = true});
  auto unique = v1::variable_scope(tf::None, "block");
  auto other = v1::variable_scope(tf::None, {.default_name = "block", .reuse = tf::None});
  auto names = tf::name_scope("n");
  v1::get_variable_scope().reuse_variables();
  v1::get_variable_scope().set_initializer("ones");
}

tf::Tensor layer_forms(const tf::Tensor& x, std::optional<bool> training) {
  auto out = v1::layers::conv2d(x, 8, {3, 3}, {.strides = {2, 2}, .padding = "same"});
  out = v1::layers::conv2d(out, 8, 3, {.strides = 2, .activation = tf::nn::relu, .name = "c"});
  out = v1::layers::max_pooling2d(out, 2, {2, 2}, {.padding = "SAME"});
  out = v1::layers::average_pooling2d(out, {2, 2}, 2);
  out = v1::layers::batch_normalization(out);
  out = v1::layers::batch_normalization(out, {.training = training, .fused = false});
  out = v1::layers::dropout(out, {.rate = 0.4, .training = std::nullopt});
  out = v1::layers::dense(out, 4, {.activation = "relu", .bias_initializer = tf::None});
  return v1::layers::dense(out, 4, {.use_bias = false, .name = tf::None, .reuse = true});
}

void optimizer_forms(const tf::Variable& w) {
  v1::train::AdamOptimizer adam(1e-3);
  v1::train::AdamOptimizer other({.learning_rate = w, .beta1 = 0.8});
  v1::train::MomentumOptimizer momentum(0.1, 0.9, {.use_nesterov = true});
  v1::train::GradientDescentOptimizer descent([] { return tf::constant(0.1); });
  descent.minimize([&] { return tf::reduce_sum(w); }, {{w}});
  adam.apply_gradients({{tf::constant({1.0}), w}});
}
