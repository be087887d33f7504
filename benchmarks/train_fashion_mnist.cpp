// Trains a convolutional network on Fashion-MNIST: real images, all the way from files to accuracy.
//
//   train_fashion_mnist [--mode eager|traced] [--epochs 5] [--csv FILE] [--plot FILE] …
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "benchmarks/train/program.h"
#include "kernels/activations.h"
#include "kernels/batch_norm.h"
#include "kernels/bias_add.h"
#include "kernels/conv2d.h"
#include "kernels/dropout.h"
#include "kernels/elementwise.h"
#include "kernels/matmul.h"
#include "kernels/random.h"
#include "kernels/reduce.h"
#include "kernels/reshape.h"
#include "kernels/softmax_cross_entropy.h"
#include "runtime/autodiff/tape.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/context.h"
#include "runtime/tensor/random_state.h"
#include "runtime/tensor/variable.h"
#include "runtime/trace/function.h"

namespace keen::trainer {
namespace {

constexpr float kDropoutRate = 0.4F;
constexpr float kL2 = 1e-4F;
constexpr float kMomentum = 0.99F;
constexpr float kEpsilon = 1e-3F;

Variable weights(const char* name, const Shape& shape) {
  // Glorot's uniform distribution: fans are channels times the size of the window.
  double window = 1;
  for (int i = 0; i < shape.rank() - 2; ++i) window *= static_cast<double>(shape[i]);
  const double fans = window * static_cast<double>(shape[-2] + shape[-1]);
  const double limit = std::sqrt(6 / fans);
  return Variable(random::uniform(shape, {.minval = -limit, .maxval = limit}), {.name = name});
}

Variable constant(const char* name, std::int64_t size, float value, bool trainable = true) {
  return Variable(Tensor::from_vector(std::vector<float>(static_cast<std::size_t>(size), value)),
                  {.trainable = trainable, .name = name});
}

// Batch normalization with its averages, then the rectifier.
class Normalization {
 public:
  explicit Normalization(std::int64_t channels)
      : gamma(constant("gamma", channels, 1)),
        beta(constant("beta", channels, 0)),
        mean_(constant("moving_mean", channels, 0, false)),
        variance_(constant("moving_variance", channels, 1, false)) {}

  Tensor operator()(const Tensor& x, bool training) const {
    if (!training) {
      return nn::relu(nn::fused_batch_norm(x, gamma, beta, mean_, variance_,
                                           {.epsilon = kEpsilon, .is_training = false})
                          .y);
    }
    const FusedBatchNormResult result =
        nn::fused_batch_norm(x, gamma, beta, {}, {}, {.epsilon = kEpsilon});
    mean_.assign_sub((mean_ - result.batch_mean) * (1 - kMomentum));
    variance_.assign_sub((variance_ - result.batch_variance) * (1 - kMomentum));
    return nn::relu(result.y);
  }

  Variable gamma;
  Variable beta;

 private:
  Variable mean_;
  Variable variance_;
};

class Network {
 public:
  [[nodiscard]] Tensor logits(const Tensor& images, bool training) const {
    Tensor x = nn::conv2d(images, conv1_, {.padding = Padding::kSame});
    x = norm1_(nn::bias_add(x, conv1_bias_), training);
    x = nn::conv2d(x, conv2_, {.strides = {2, 2}, .padding = Padding::kSame});
    x = norm2_(nn::bias_add(x, conv2_bias_), training);
    x = reshape(x, {x.shape()[0], -1});
    x = nn::relu(nn::bias_add(matmul(x, dense1_), dense1_bias_));
    if (training) x = nn::dropout(x, kDropoutRate, {.seed = 0});
    return nn::bias_add(matmul(x, dense2_), dense2_bias_);
  }

  [[nodiscard]] Tensor penalty() const {
    Tensor sum;
    for (const Variable& kernel : {conv1_, conv2_, dense1_, dense2_}) {
      const Tensor squares = reduce_sum(square(kernel));
      sum = sum.defined() ? sum + squares : squares;
    }
    return sum * (kL2 / 2);
  }

  [[nodiscard]] std::vector<Variable> variables() const {
    return {conv1_,       conv1_bias_, norm1_.gamma, norm1_.beta,  conv2_,  conv2_bias_,
            norm2_.gamma, norm2_.beta, dense1_,      dense1_bias_, dense2_, dense2_bias_};
  }

 private:
  Variable conv1_ = weights("conv2d/kernel", {3, 3, 1, 32});
  Variable conv1_bias_ = constant("conv2d/bias", 32, 0);
  Normalization norm1_{32};
  Variable conv2_ = weights("conv2d_1/kernel", {3, 3, 32, 64});
  Variable conv2_bias_ = constant("conv2d_1/bias", 64, 0);
  Normalization norm2_{64};
  Variable dense1_ = weights("dense/kernel", {14 * 14 * 64, 128});
  Variable dense1_bias_ = constant("dense/bias", 128, 0);
  Variable dense2_ = weights("dense_1/kernel", {128, 10});
  Variable dense2_bias_ = constant("dense_1/bias", 10, 0);
};

// Adam, or gradient descent with and without momentum, in TensorFlow's formulas.
class Optimizer {
 public:
  Optimizer(OptimizerKind kind, float rate, const std::vector<Variable>& variables)
      : kind_(kind), rate_(rate) {
    if (kind == OptimizerKind::kGradientDescent) return;
    for (const Variable& variable : variables) {
      slots_.push_back(Variable(zeros_like(variable), {.trainable = false, .name = "slot"}));
      if (kind == OptimizerKind::kAdam) {
        squares_.push_back(Variable(zeros_like(variable), {.trainable = false, .name = "square"}));
      }
    }
  }

  void apply(const std::vector<Tensor>& gradients, const std::vector<Variable>& variables) const {
    constexpr float kBeta1 = 0.9F;
    constexpr float kBeta2 = 0.999F;
    const Tensor rate = rate_ * sqrt(1 - beta2_power_) / (1 - beta1_power_);
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const Tensor& g = gradients[i];
      if (kind_ == OptimizerKind::kGradientDescent) {
        variables[i].assign_sub(g * rate_);
      } else if (kind_ == OptimizerKind::kAdam) {
        slots_[i].assign_add((g - slots_[i]) * (1 - kBeta1));
        squares_[i].assign_add((square(g) - squares_[i]) * (1 - kBeta2));
        variables[i].assign_sub(rate * slots_[i] / (sqrt(squares_[i]) + 1e-8F));
      } else {
        slots_[i].assign(slots_[i] * 0.9F + g);
        const bool nesterov = kind_ == OptimizerKind::kNesterov;
        variables[i].assign_sub((nesterov ? g + slots_[i] * 0.9F : slots_[i]) * rate_);
      }
    }
    beta1_power_.assign(beta1_power_ * kBeta1);
    beta2_power_.assign(beta2_power_ * kBeta2);
  }

 private:
  static Tensor zeros_like(const Variable& variable) {
    return Tensor::from_vector(
        std::vector<float>(static_cast<std::size_t>(variable.shape().num_elements())),
        variable.shape());
  }

  OptimizerKind kind_;
  float rate_;
  std::vector<Variable> slots_;
  std::vector<Variable> squares_;
  Variable beta1_power_{Tensor::scalar(0.9F), {.trainable = false}};
  Variable beta2_power_{Tensor::scalar(0.999F), {.trainable = false}};
};

class NetworkModel final : public Model {
 public:
  explicit NetworkModel(const Options& options)
      : device_(options.device),
        seed_(options.seed),
        traced_(options.mode == Mode::kTraced),
        optimizer_(options.optimizer, static_cast<float>(options.learning_rate),
                   network_.variables()) {}

  StepResult train_step(const Batch& batch) override {
    const auto [images, labels] = tensors_of(batch);
    const auto [loss, logits] = traced_ ? traced_step_(images, labels) : step(images, labels);
    return {.loss = loss.item<float>(), .correct = count_right(logits, batch)};
  }

  std::int64_t count_correct(const Batch& batch) override {
    const Tensor images = tensors_of(batch).first;
    return count_right(traced_ ? traced_logits_(images) : network_.logits(images, false), batch);
  }

 private:
  // Decides the seed before any variable is made.
  struct Seed {
    explicit Seed(std::int64_t seed) { random::set_seed(seed); }
  };

  static std::pair<Tensor, Tensor> tensors_of(const Batch& batch) {
    return {
        Tensor::from_memory(batch.images.data(), static_cast<std::int64_t>(batch.images.size()),
                            {batch.size, data::FashionMnist::kSide, data::FashionMnist::kSide, 1}),
        Tensor::from_memory(batch.labels.data(), batch.size, {batch.size})};
  }

  static std::int64_t count_right(const Tensor& logits, const Batch& batch) {
    const std::vector<float> values = logits.to_vector<float>();
    std::int64_t right = 0;
    for (std::size_t i = 0; i < batch.labels.size(); ++i) {
      const auto row =
          values.begin() + static_cast<std::ptrdiff_t>(i * data::FashionMnist::kClasses);
      const auto best = std::max_element(row, row + data::FashionMnist::kClasses);
      if (best - row == batch.labels[i]) ++right;
    }
    return right;
  }

  // Loss and logits of a batch before the update.
  std::pair<Tensor, Tensor> step(const Tensor& images, const Tensor& labels) {
    GradientTape tape;
    const Tensor logits = network_.logits(images, true);
    const Tensor loss = reduce_mean(nn::sparse_softmax_cross_entropy_with_logits(labels, logits)) +
                        network_.penalty();
    const std::vector<Variable> variables = network_.variables();
    optimizer_.apply(tape.gradient(loss, variables), variables);
    return {loss, logits};
  }

  DeviceScope device_;
  Seed seed_;
  bool traced_;
  Network network_;
  Optimizer optimizer_;
  Function<std::pair<Tensor, Tensor>(const Tensor&, const Tensor&)> traced_step_ =
      function([this](const Tensor& images, const Tensor& labels) { return step(images, labels); });
  Function<Tensor(const Tensor&)> traced_logits_ =
      function([this](const Tensor& images) { return network_.logits(images, false); });
};

}  // namespace
}  // namespace keen::trainer

int main(int argc, char** argv) {
  return keen::trainer::run_program(argc, argv, [](const keen::trainer::Options& options) {
    return std::make_unique<keen::trainer::NetworkModel>(options);
  });
}
