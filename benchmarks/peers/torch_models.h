#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "benchmarks/support/inputs_file.h"

namespace keen::bench {

// How the peer computes the network. Each form is the same function of the same weights, in
// another memory layout or with another way to TensorFlow's SAME padding of the stride-2
// convolution: none before, one after.
struct NetworkForm {
  // Activations as NHWC in memory (torch's channels_last), flattened in that order without a copy.
  bool channels_last = false;
  // Images, kernels and the rows of the dense kernel are flipped in height and width once, on
  // loading: the symmetric padding which torch's convolution does by itself then falls where
  // TensorFlow's does, and no padded copy is made.
  bool flipped = false;
};

// One training step of a model on its own batch: momentum 0.9, learning rate 0.01.
class TrainedModel {
 public:
  virtual ~TrainedModel() = default;
  // Updates the weights; returns the loss before the update.
  float step();

 protected:
  TrainedModel(torch::Tensor images, torch::Tensor labels);
  // To be called once, when all parameters are registered.
  void set_parameters(std::vector<torch::Tensor> parameters);
  virtual torch::Tensor loss(const torch::Tensor& images, const torch::Tensor& labels) = 0;

 private:
  torch::Tensor images_;
  torch::Tensor labels_;
  std::unique_ptr<torch::optim::SGD> optimizer_;
};

// 32-64-64-10 with ReLU, batch 8.
std::unique_ptr<TrainedModel> make_mlp(const InputsFile& inputs);

// The network of benchmarks/train_fashion_mnist.cpp without dropout, on `batch` of the stored
// images; the loss has the L2 term, batch norm normalises by the batch and updates its moving
// averages.
std::unique_ptr<TrainedModel> make_network(const InputsFile& inputs, std::int64_t batch,
                                           NetworkForm form);

}  // namespace keen::bench
