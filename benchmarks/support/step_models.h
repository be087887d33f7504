#pragma once

#include <cstdint>

#include "benchmarks/support/inputs_file.h"
#include "benchmarks/support/measure_steps.h"

namespace keen::bench {

// Training steps of Keen's models on the weights and one batch of the file, each with the model
// that it holds: momentum 0.9, learning rate 0.01. The same model in plain ops and in TF1 style.

// 32-64-64-10 with ReLU, batch 8.
Step make_mlp_step(const InputsFile& inputs);
Step make_shim_mlp_step(const InputsFile& inputs);

// The network of benchmarks/train_fashion_mnist.cpp without dropout, on `batch` of the stored
// images: the loss has the L2 term, batch norm normalises by the batch and updates its moving
// averages.
Step make_network_step(const InputsFile& inputs, std::int64_t batch);
Step make_shim_network_step(const InputsFile& inputs, std::int64_t batch);

}  // namespace keen::bench
