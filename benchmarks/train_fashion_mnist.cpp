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

#include "benchmarks/train/network.h"
#include "benchmarks/train/program.h"
#include "shim/data/fashion_mnist.h"
#include "shim/keen.h"

namespace keen::trainer {
namespace {

class NetworkModel final : public Model {
 public:
  explicit NetworkModel(const Options& options)
      : device_(options.device),
        traced_(options.mode == Mode::kTraced),
        first_rate_(options.learning_rate),
        trainer_(options.optimizer, options.learning_rate) {
    keras::utils::set_random_seed(options.seed);  // the first step makes the variables
  }

  StepResult train_step(const Batch& batch, double progress) override {
    // Falls along a cosine (Loshchilov and Hutter 2017; tf.compat.v1.train.cosine_decay): at a
    // constant rate the accuracy still jumps by a percent from epoch to epoch.
    const double share = (1 + std::cos(std::numbers::pi * progress)) / 2;
    trainer_.set_learning_rate(first_rate_ * share);
    const auto [images, labels] = tensors_of(batch);
    const auto [loss, scores] =
        traced_ ? traced_step_(images, labels) : trainer_.step(images, labels);
    return {.loss = loss.item<float>(), .correct = count_right(scores, batch)};
  }

  std::int64_t count_correct(const Batch& batch) override {
    const Tensor images = tensors_of(batch).first;
    return count_right(traced_ ? traced_logits_(images) : trainer_.logits(images), batch);
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

  DeviceScope device_;
  bool traced_;
  double first_rate_;
  NetworkTrainer trainer_;
  Function<std::pair<Tensor, Tensor>(const Tensor&, const Tensor&)> traced_step_ = function(
      [this](const Tensor& images, const Tensor& labels) { return trainer_.step(images, labels); });
  Function<Tensor(const Tensor&)> traced_logits_ =
      function([this](const Tensor& images) { return trainer_.logits(images); });
};

}  // namespace
}  // namespace keen::trainer

int main(int argc, char** argv) {
  return keen::trainer::run_program(argc, argv, [](const keen::trainer::Options& options) {
    return std::make_unique<keen::trainer::NetworkModel>(options);
  });
}
