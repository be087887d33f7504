// Keras' layer and TF1's layers, beyond what the golden cases hold.
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "shim/keen.h"

namespace keen {
namespace {

namespace v1 = compat::v1;

class ShimLayers : public testing::Test {
 protected:
  ShimLayers() { keras::backend::clear_session(); }
};

std::vector<std::string> names(const std::vector<Variable>& variables) {
  std::vector<std::string> result;
  for (const Variable& variable : variables) result.push_back(variable.name());
  return result;
}

using Names = std::vector<std::string>;

// ---- training ----

// Tells what it was called with.
class Probe final : public keras::layers::Layer {
 public:
  std::optional<bool> seen;

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override {
    seen = args.training;
    return inputs;
  }
};

class Around final : public keras::layers::Layer {
 public:
  Ref<Probe> inherits = track("inherits", Probe());
  Ref<Probe> is_told = track("is_told", Probe());
  Tensor normalized;
  Tensor dropped;

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("around");
    dropped = v1::layers::dropout(inputs, {.training = args.training});
    normalized = v1::layers::batch_normalization(inputs);
    return is_told(inherits(inputs), {.training = false});
  }
};

TEST_F(ShimLayers, training_is_inherited_unless_a_call_says) {
  Around around;
  const Tensor x = constant({{1.0, 2.0}, {3.0, 4.0}});
  static_cast<void>(around(x));
  EXPECT_EQ(around.inherits->seen, std::nullopt);
  EXPECT_EQ(around.is_told->seen, false);
  EXPECT_TRUE(around.dropped.is(x));
  static_cast<void>(around(x, {.training = true}));
  EXPECT_EQ(around.inherits->seen, true);
  EXPECT_EQ(around.is_told->seen, false);
  EXPECT_FALSE(around.dropped.is(x));
  // The function's default is inference even then.
  const float expected = 1 / std::sqrt(1.001F);
  EXPECT_NEAR(around.normalized.to_vector<float>()[0], expected, 1e-6);
  EXPECT_EQ(Context::current().training(), std::nullopt);
}

TEST_F(ShimLayers, layer_objects_inherit_training) {
  class Holder final : public keras::layers::Layer {
   public:
    Ref<v1::layers::Dropout> dropout = track("dropout", v1::layers::Dropout(0.5));

   protected:
    Tensor call(const Tensor& inputs, const CallArgs&) override { return dropout(inputs); }
  };
  Holder holder;
  const Tensor x = fill({64}, 1.0);
  EXPECT_TRUE(holder(x).is(x));
  EXPECT_FALSE(holder(x, {.training = true}).is(x));
}

TEST_F(ShimLayers, an_exception_leaves_the_surroundings_as_they_were) {
  class Throws final : public keras::layers::Layer {
   protected:
    Tensor call(const Tensor&, const CallArgs&) override { throw ValueError("on purpose"); }
  };
  Throws layer;
  EXPECT_THROW(static_cast<void>(layer(constant(1.0), {.training = true})), ValueError);
  EXPECT_EQ(Context::current().training(), std::nullopt);
  EXPECT_EQ(Context::current().name_scope(), "");
}

// ---- Weights and losses ----

class Scale final : public keras::layers::Layer {
 public:
  explicit Scale(const LayerArgs& args = {}) : Layer(args) {}

 protected:
  void build(const Shape& input_shape) override {
    count_ = add_weight("count", {.initializer = "zeros", .trainable = false});
    factor_ = add_weight("factor", {.shape = {input_shape[-1]},
                                    .initializer = "ones",
                                    .regularizer = keras::regularizers::L2(0.5)});
  }
  Tensor call(const Tensor& inputs, const CallArgs&) override { return inputs * factor_; }

 private:
  Variable factor_;
  Variable count_;
};

TEST_F(ShimLayers, weights_are_made_once_and_listed_as_keras_does) {
  Scale scale;
  EXPECT_FALSE(scale.built());
  const Tensor x = constant({{1.0, 2.0, 3.0}});
  EXPECT_EQ(scale(x).to_vector<float>(), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(scale(x).to_vector<float>(), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(scale.name(), "scale");
  EXPECT_EQ(names(scale.weights()), (Names{"scale/factor:0", "scale/count:0"}));
  EXPECT_EQ(names(scale.trainable_weights()), (Names{"scale/factor:0"}));
  EXPECT_EQ(names(scale.non_trainable_weights()), (Names{"scale/count:0"}));
  scale.set_trainable(false);
  EXPECT_TRUE(scale.trainable_weights().empty());
  EXPECT_EQ(names(scale.non_trainable_weights()), (Names{"scale/factor:0", "scale/count:0"}));
  EXPECT_THROW(Scale(std::move(scale)), RuntimeError);
  Scale second;
  EXPECT_EQ(second.name(), "scale_1");
  Scale named({.name = "mine"});
  EXPECT_EQ(named.name(), "mine");
}

TEST_F(ShimLayers, losses_follow_the_weights) {
  Scale scale;
  static_cast<void>(scale(constant({1.0, 2.0, 3.0})));
  ASSERT_EQ(scale.losses().size(), 1u);
  EXPECT_EQ(scale.losses()[0].item<float>(), 1.5F);
  scale.weights()[0].assign(constant({0.0, 0.0, 0.0}));
  EXPECT_EQ(scale.losses()[0].item<float>(), 0.0F);
}

class ObjectOriented final : public keras::layers::Layer {
 public:
  Ref<v1::layers::Dense> first = track(
      "first", v1::layers::Dense(2, {.kernel_initializer = "ones", .kernel_regularizer = "l2"}));

 protected:
  Tensor call(const Tensor& inputs, const CallArgs& args) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("model");
    return v1::layers::dense(first(inputs, args), 3,
                             {.kernel_initializer = "ones", .kernel_regularizer = "l2"});
  }
};

TEST_F(ShimLayers, a_layer_object_is_listed_first_and_its_losses_count_twice) {
  ObjectOriented model;
  const Tensor x = fill({1, 4}, 1.0);
  static_cast<void>(model(x));
  static_cast<void>(model(x));
  EXPECT_EQ(names(model.weights()), (Names{"model/dense/kernel:0", "model/dense/bias:0",
                                           "model/dense_1/bias:0", "model/dense_1/kernel:0"}));
  std::vector<float> losses;
  for (const Tensor& loss : model.losses()) losses.push_back(loss.item<float>());
  const std::vector<float> expected = {0.08F, 0.06F, 0.08F};
  ASSERT_EQ(losses.size(), expected.size());
  for (std::size_t i = 0; i < losses.size(); ++i) EXPECT_FLOAT_EQ(losses[i], expected[i]);
  EXPECT_EQ(model.first->scope_name(), "model/dense");
  EXPECT_EQ(model.first->name(), "dense_1");
}

// ---- Forms of call ----

class Swap final : public keras::layers::Layer {
 protected:
  Tensors call(const Tensors& inputs, const CallArgs&) override { return {inputs[1], inputs[0]}; }
};

TEST_F(ShimLayers, layers_take_one_tensor_or_a_structure) {
  Swap swap;
  const Tensors out = swap(Tensors{constant(1.0), constant(2.0)});
  EXPECT_EQ(out[0].tensor().item<float>(), 2.0F);
  EXPECT_THROW(static_cast<void>(swap(constant(1.0))), NotImplementedError);
  Scale scale;
  EXPECT_THROW(static_cast<void>(scale(Tensors{constant({1.0}), constant({2.0})})),
               NotImplementedError);
  EXPECT_EQ(scale(Tensors(constant({3.0}))).tensor().to_vector<float>(), (std::vector<float>{3}));
}

// ---- TF1's layers ----

TEST_F(ShimLayers, dense_works_on_the_last_dimension) {
  const Tensor out = v1::layers::dense(fill({2, 3, 4}, 1.0), 5, {.kernel_initializer = "ones"});
  EXPECT_EQ(out.shape(), Shape({2, 3, 5}));
  EXPECT_EQ(out.to_vector<float>(), std::vector<float>(30, 4.0F));
}

class Stack final : public keras::layers::Layer {
 public:
  std::int64_t units = 2;
  v1::layers::Activation activation = None;
  v1::Regularizer regularizer = None;

 protected:
  Tensor call(const Tensor& inputs, const CallArgs&) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("stack");
    const Tensor hidden = v1::layers::dense(
        inputs, units, {.activation = activation, .kernel_regularizer = regularizer});
    auto block = v1::variable_scope(None, "dense");
    EXPECT_EQ(block.scope().name(), "stack/dense_1");
    return v1::layers::dense(hidden, 2, {.name = "last"});
  }
};

TEST_F(ShimLayers, functions_find_their_weights_again) {
  Stack stack;
  const Tensor x = constant({{1.0, 2.0, 3.0}});
  const std::vector<float> first = stack(x).to_vector<float>();
  const std::vector<Variable> weights = stack.weights();
  EXPECT_EQ(names(weights), (Names{"stack/dense/bias:0", "stack/dense/kernel:0",
                                   "stack/dense_1/last/bias:0", "stack/dense_1/last/kernel:0"}));
  // Each call makes layer objects, of which no one is seen.
  for (int i = 0; i < 2; ++i) EXPECT_EQ(stack(x).to_vector<float>(), first);
  EXPECT_EQ(stack.weights().size(), weights.size());
  EXPECT_EQ(v1::layers::Dense(1).name(), "dense_4");
  stack.units = 5;
  EXPECT_THROW(static_cast<void>(stack(x)), ValueError);
}

TEST_F(ShimLayers, a_regularizer_that_comes_later_counts) {
  Stack stack;
  const Tensor x = constant({{1.0, 2.0, 3.0}});
  static_cast<void>(stack(x));
  EXPECT_TRUE(stack.losses().empty());
  stack.regularizer = "l2";
  for (int i = 0; i < 2; ++i) static_cast<void>(stack(x));
  EXPECT_EQ(stack.losses().size(), 1u);
}

TEST_F(ShimLayers, an_activation_makes_variables_in_the_layers_scope) {
  Stack stack;
  stack.activation = [](const Tensor& x) {
    return x * v1::get_variable("alpha", {.shape = {}, .initializer = "ones"});
  };
  for (int i = 0; i < 2; ++i) static_cast<void>(stack(constant({{1.0, 2.0, 3.0}})));
  EXPECT_EQ(names(stack.weights())[0], "stack/dense/alpha:0");
  EXPECT_EQ(stack.weights().size(), 5u);
}

TEST_F(ShimLayers, weights_have_the_dtype_of_the_inputs) {
  v1::layers::Dense dense(2);
  static_cast<void>(dense(fill({1, 3}, 1.0, DType::kFloat64)));
  EXPECT_EQ(dense.kernel().dtype(), DType::kFloat64);
}

TEST_F(ShimLayers, activations_are_functions_or_names) {
  const Tensor x = constant({{-1.0, 2.0}});
  const auto dense = [&](const v1::layers::Activation& activation) {
    return v1::layers::dense(x, 2,
                             {.activation = activation,
                              .use_bias = false,
                              .kernel_initializer = keras::initializers::Constant(-1.0)})
        .to_vector<float>();
  };
  EXPECT_EQ(dense(None), (std::vector<float>{-1, -1}));
  EXPECT_EQ(dense("relu"), (std::vector<float>{0, 0}));
  EXPECT_EQ(dense(nn::relu), (std::vector<float>{0, 0}));
  EXPECT_EQ(dense([](const Tensor& y) { return y * y; }), (std::vector<float>{1, 1}));
  EXPECT_THROW(static_cast<void>(dense("loud")), ValueError);
}

TEST_F(ShimLayers, a_frozen_batch_normalization_updates_nothing) {
  v1::layers::BatchNormalization frozen({.trainable = false});
  v1::layers::BatchNormalization free_one;
  const Tensor x = constant({{1.0, 2.0}, {3.0, 6.0}});
  const Tensor same = frozen(x, {.training = true});
  EXPECT_EQ(same.to_vector<float>(), free_one(x, {.training = true}).to_vector<float>());
  EXPECT_EQ(frozen.moving_mean().value().to_vector<float>(), (std::vector<float>{0, 0}));
  EXPECT_NE(free_one.moving_mean().value().to_vector<float>(), (std::vector<float>{0, 0}));
  EXPECT_TRUE(frozen.trainable_weights().empty());
}

TEST_F(ShimLayers, bad_arguments_are_value_errors) {
  const Tensor x = fill({1, 4}, 1.0);
  EXPECT_THROW(static_cast<void>(v1::layers::dense(x, 0)), ValueError);
  EXPECT_THROW(static_cast<void>(v1::layers::dense(constant({1.0}), 2)), ValueError);
  EXPECT_THROW(static_cast<void>(v1::layers::conv2d(x, 2, 3)), ValueError);
  EXPECT_THROW(static_cast<void>(v1::layers::dropout(x, {.rate = 1.5})), ValueError);
  EXPECT_THROW(static_cast<void>(v1::layers::conv2d(x, 2, 3, {.padding = "full"})), ValueError);
  EXPECT_THROW(static_cast<void>(v1::layers::batch_normalization(x, {.fused = true})), ValueError);
  EXPECT_THROW(static_cast<void>(v1::layers::Dense(2).scope_name()), ValueError);
}

TEST_F(ShimLayers, regularizers_of_keras) {
  const Tensor x = constant({1.0, -2.0});
  EXPECT_FLOAT_EQ(keras::regularizers::L1(0.5)(x).item<float>(), 1.5F);
  EXPECT_FLOAT_EQ(keras::regularizers::L2(0.5)(x).item<float>(), 2.5F);
  EXPECT_FLOAT_EQ(keras::regularizers::L1L2({.l1 = 0.5, .l2 = 0.5})(x).item<float>(), 4.0F);
  EXPECT_FLOAT_EQ(keras::regularizers::Regularizer("l1_l2")(x).item<float>(), 0.08F);
  EXPECT_FLOAT_EQ(keras::regularizers::L1L2()(x).item<float>(), 0.0F);
  EXPECT_THROW(static_cast<void>(keras::regularizers::Regularizer("l3")), ValueError);
}

TEST_F(ShimLayers, class_names_become_layer_names) {
  EXPECT_EQ(keras::backend::to_snake_case("DenseLayer"), "dense_layer");
  EXPECT_EQ(keras::backend::to_snake_case("Conv2D"), "conv2d");
  EXPECT_EQ(keras::backend::to_snake_case("MyRNNCell"), "my_rnn_cell");
  EXPECT_EQ(keras::backend::to_snake_case("HTTPServer2"), "http_server2");
  EXPECT_EQ(keras::backend::to_snake_case("A1B2"), "a1_b2");
  EXPECT_EQ(keras::backend::to_snake_case("Conv2DTranspose"), "conv2d_transpose");
  EXPECT_EQ(keras::backend::to_snake_case("V1Net"), "v1_net");
  EXPECT_EQ(keras::backend::to_snake_case("_Hidden"), "private__hidden");
}

}  // namespace
}  // namespace keen
