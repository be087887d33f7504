#include "benchmarks/train/network.h"

#include "shim/data/fashion_mnist.h"

namespace keen::trainer {
namespace {

namespace v1 = keen::compat::v1;

std::unique_ptr<v1::train::Optimizer> make_optimizer(OptimizerKind kind, const Variable& rate) {
  constexpr double kMomentum = 0.9;
  switch (kind) {
    case OptimizerKind::kAdam:
      return std::make_unique<v1::train::AdamOptimizer>(rate);
    case OptimizerKind::kMomentum:
      return std::make_unique<v1::train::MomentumOptimizer>(rate, kMomentum);
    case OptimizerKind::kNesterov:
      return std::make_unique<v1::train::MomentumOptimizer>(
          rate, kMomentum, v1::train::MomentumArgs{.use_nesterov = true});
    case OptimizerKind::kGradientDescent:
      break;
  }
  return std::make_unique<v1::train::GradientDescentOptimizer>(rate);
}

}  // namespace

Tensor Network::call(const Tensor& images, const CallArgs& args) {
  constexpr double kL2 = 1e-4;  // times half of the sum of squares
  auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
  auto scope = v1::variable_scope("fashion_mnist");
  const auto l2 = keras::regularizers::l2(kL2 / 2);
  Tensor x = v1::layers::conv2d(images, 32, 3, {.padding = "same", .kernel_regularizer = l2});
  x = nn::relu(v1::layers::batch_normalization(x, {.training = args.training}));
  x = v1::layers::conv2d(x, 64, 3, {.strides = 2, .padding = "same", .kernel_regularizer = l2});
  x = nn::relu(v1::layers::batch_normalization(x, {.training = args.training}));
  x = v1::layers::flatten(x);
  x = v1::layers::dense(x, 128, {.activation = "relu", .kernel_regularizer = l2});
  // With a seed of its own, the same masks come from a function as from eager execution.
  x = v1::layers::dropout(x, {.rate = 0.4, .seed = 1, .training = args.training});
  return v1::layers::dense(x, data::FashionMnist::kClasses, {.kernel_regularizer = l2});
}

NetworkTrainer::NetworkTrainer(OptimizerKind optimizer, double learning_rate)
    : rate_(Tensor::scalar(static_cast<float>(learning_rate)),
            {.trainable = false, .name = "learning_rate"}),
      optimizer_(make_optimizer(optimizer, rate_)) {}

void NetworkTrainer::set_learning_rate(double rate) {
  rate_.assign(Tensor::scalar(static_cast<float>(rate)));
}

std::pair<Tensor, Tensor> NetworkTrainer::step(const Tensor& images, const Tensor& labels) {
  GradientTape tape;
  const Tensor scores = network_(images, {.training = true});
  std::vector<Tensor> losses = network_.losses();
  losses.push_back(reduce_mean(nn::sparse_softmax_cross_entropy_with_logits(labels, scores)));
  const Tensor loss = add_n(losses);
  const std::vector<Variable> variables = network_.trainable_variables();
  optimizer_->apply_gradients(tape.gradient(loss, variables), variables);
  return {loss, scores};
}

std::vector<Variable> NetworkTrainer::variables() const {
  std::vector<Variable> all = network_.variables();
  for (const Variable& variable : optimizer_->variables()) all.push_back(variable);
  return all;
}

}  // namespace keen::trainer
