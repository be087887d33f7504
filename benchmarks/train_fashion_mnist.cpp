// Trains a convolutional network on Fashion-MNIST: real images, all the way from files to accuracy.
//
//   train_fashion_mnist [--mode eager|traced] [--epochs 5] [--csv FILE] [--plot FILE] …
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "benchmarks/train/program.h"
#include "shim/data/fashion_mnist.h"
#include "shim/keen.h"

namespace tf = keen;
namespace v1 = keen::compat::v1;

namespace keen::trainer {
namespace {

// Two convolutions and two dense layers, written as for TF1; 12 trainable variables with 1.63
// million parameters.
class Network final : public tf::keras::layers::Layer {
 protected:
  // images [batch, 28, 28, 1] to logits [batch, 10].
  Tensor call(const Tensor& images, const CallArgs& args) override {
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("fashion_mnist");
    const auto l2 = tf::keras::regularizers::l2(kL2 / 2);
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

 private:
  static constexpr double kL2 = 1e-4;  // times half of the sum of squares
};

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

class NetworkModel final : public Model {
 public:
  explicit NetworkModel(const Options& options)
      : device_(options.device),
        traced_(options.mode == Mode::kTraced),
        first_rate_(options.learning_rate),
        optimizer_(make_optimizer(options.optimizer, rate_)) {
    tf::keras::utils::set_random_seed(options.seed);  // the first step makes the variables
  }

  StepResult train_step(const Batch& batch, double progress) override {
    // Falls along a cosine (Loshchilov and Hutter 2017; tf.compat.v1.train.cosine_decay): at a
    // constant rate the accuracy still jumps by a percent from epoch to epoch.
    const double share = (1 + std::cos(std::numbers::pi * progress)) / 2;
    rate_.assign(Tensor::scalar(static_cast<float>(first_rate_ * share)));
    const auto [images, labels] = tensors_of(batch);
    const auto [loss, scores] = traced_ ? traced_step_(images, labels) : step(images, labels);
    return {.loss = loss.item<float>(), .correct = count_right(scores, batch)};
  }

  std::int64_t count_correct(const Batch& batch) override {
    const Tensor images = tensors_of(batch).first;
    return count_right(traced_ ? traced_logits_(images) : logits(images), batch);
  }

 private:
  static std::pair<Tensor, Tensor> tensors_of(const Batch& batch) {
    return {
        Tensor::from_memory(batch.images.data(), static_cast<std::int64_t>(batch.images.size()),
                            {batch.size, data::FashionMnist::kSide, data::FashionMnist::kSide, 1}),
        Tensor::from_memory(batch.labels.data(), batch.size, {batch.size})};
  }

  static std::int64_t count_right(const Tensor& scores, const Batch& batch) {
    const std::vector<float> values = scores.to_vector<float>();
    std::int64_t right = 0;
    for (std::size_t i = 0; i < batch.labels.size(); ++i) {
      const auto row =
          values.begin() + static_cast<std::ptrdiff_t>(i * data::FashionMnist::kClasses);
      const auto best = std::max_element(row, row + data::FashionMnist::kClasses);
      if (best - row == batch.labels[i]) ++right;
    }
    return right;
  }

  // Loss and scores of a batch before the update.
  std::pair<Tensor, Tensor> step(const Tensor& images, const Tensor& labels) {
    GradientTape tape;
    const Tensor scores = network_(images, {.training = true});
    std::vector<Tensor> losses = network_.losses();
    losses.push_back(reduce_mean(nn::sparse_softmax_cross_entropy_with_logits(labels, scores)));
    const Tensor loss = add_n(losses);
    const std::vector<Variable> variables = network_.trainable_variables();
    optimizer_->apply_gradients(tape.gradient(loss, variables), variables);
    return {loss, scores};
  }

  Tensor logits(const Tensor& images) { return network_(images, {.training = false}); }

  DeviceScope device_;
  bool traced_;
  Network network_;
  double first_rate_;
  Variable rate_{Tensor::scalar(0.0F), {.trainable = false, .name = "learning_rate"}};
  std::unique_ptr<v1::train::Optimizer> optimizer_;
  Function<std::pair<Tensor, Tensor>(const Tensor&, const Tensor&)> traced_step_ =
      function([this](const Tensor& images, const Tensor& labels) { return step(images, labels); });
  Function<Tensor(const Tensor&)> traced_logits_ =
      function([this](const Tensor& images) { return logits(images); });
};

}  // namespace
}  // namespace keen::trainer

int main(int argc, char** argv) {
  return keen::trainer::run_program(argc, argv, [](const keen::trainer::Options& options) {
    return std::make_unique<keen::trainer::NetworkModel>(options);
  });
}
