#include <memory>
#include <string>

#include "benchmarks/support/step_models.h"
#include "benchmarks/support/training_step.h"
#include "shim/keen.h"

namespace keen::bench {
namespace {

namespace v1 = keen::compat::v1;

// Makes the model's variables by a call in inference and gives them the stored values: a variable's
// name is its name in the file.
template <class Model>
std::shared_ptr<Model> load(const InputsFile& inputs, const Tensor& images) {
  auto model = std::make_shared<Model>();
  (*model)(images, {.training = false});
  for (const Variable& variable : model->trainable_variables()) {
    const std::string name = variable.name();
    variable.assign(to_tensor(inputs.read(name.substr(0, name.find(':')))));
  }
  return model;
}

template <class Model>
Step step_of(const InputsFile& inputs, const Batch& batch) {
  auto optimizer = std::make_shared<v1::train::MomentumOptimizer>(kLearningRate, kMomentum);
  return training_step(load<Model>(inputs, batch.images), batch,
                       [optimizer](const auto& variables, const auto& gradients) {
                         optimizer->apply_gradients(gradients, variables);
                       });
}

class Mlp final : public keras::layers::Layer {
 public:
  Tensor loss(const Tensor& images, const Tensor& labels) {
    return cross_entropy(labels, (*this)(images, {.training = true}));
  }

 protected:
  Tensor call(const Tensor& images, const CallArgs& /*args*/) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("mlp");
    Tensor out = v1::layers::dense(images, 64, {.activation = nn::relu});
    out = v1::layers::dense(out, 64, {.activation = nn::relu});
    return v1::layers::dense(out, 10);
  }
};

class Network final : public keras::layers::Layer {
 public:
  Tensor loss(const Tensor& images, const Tensor& labels) {
    Tensor total = cross_entropy(labels, (*this)(images, {.training = true}));
    for (const Tensor& loss : losses()) total = total + loss;
    return total;
  }

 protected:
  Tensor call(const Tensor& images, const CallArgs& args) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("network");
    const auto l2 = keras::regularizers::L2(5e-5);
    Tensor out = v1::layers::conv2d(images, 32, 3, {.padding = "same", .kernel_regularizer = l2});
    out = nn::relu(v1::layers::batch_normalization(out, {.training = args.training}));
    out =
        v1::layers::conv2d(out, 64, 3, {.strides = 2, .padding = "same", .kernel_regularizer = l2});
    out = nn::relu(v1::layers::batch_normalization(out, {.training = args.training}));
    out = v1::layers::flatten(out);
    out = v1::layers::dense(out, 128, {.activation = nn::relu, .kernel_regularizer = l2});
    return v1::layers::dense(out, 10, {.kernel_regularizer = l2});
  }
};

}  // namespace

Step make_shim_mlp_step(const InputsFile& inputs) {
  return step_of<Mlp>(inputs, read_batch(inputs, "mlp", 8));
}

Step make_shim_network_step(const InputsFile& inputs, std::int64_t batch) {
  return step_of<Network>(inputs, read_batch(inputs, "network", batch));
}

}  // namespace keen::bench
