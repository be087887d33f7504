#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/support/inputs_file.h"
#include "benchmarks/support/measure_steps.h"
#include "runtime/autodiff/tape.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen::bench {

struct Batch {
  Tensor images;
  Tensor labels;  // int64
};

Tensor to_tensor(const Array& array);

// The first `size` of the file's "<model>/images" and "<model>/labels".
Batch read_batch(const InputsFile& inputs, const std::string& model, std::int64_t size);

// The mean over the batch.
Tensor cross_entropy(const Tensor& labels, const Tensor& logits);

// A step of a model with loss(images, labels) and trainable_variables(), which `update` changes by
// their gradients.
template <class Model, class Update>
Step training_step(std::shared_ptr<Model> model, const Batch& batch, Update update) {
  auto variables = model->trainable_variables();
  return [model = std::move(model), batch, variables = std::move(variables), update] {
    GradientTape tape;
    const Tensor loss = model->loss(batch.images, batch.labels);
    update(variables, tape.gradient(loss, variables));
    return loss.item<float>();
  };
}

inline constexpr double kLearningRate = 0.01;
inline constexpr double kMomentum = 0.9;

}  // namespace keen::bench
