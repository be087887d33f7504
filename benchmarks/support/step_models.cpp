#include "benchmarks/support/step_models.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/support/training_step.h"
#include "kernels/activations.h"
#include "kernels/batch_norm.h"
#include "kernels/bias_add.h"
#include "kernels/conv2d.h"
#include "kernels/elementwise.h"
#include "kernels/l2_loss.h"
#include "kernels/matmul.h"
#include "kernels/optimizers.h"
#include "kernels/reshape.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"

namespace keen::bench {
namespace {

Variable load(const InputsFile& inputs, const std::string& name) {
  return Variable(to_tensor(inputs.read(name)), {.name = name});
}

struct Dense {
  Dense(const InputsFile& inputs, const std::string& name)
      : kernel(load(inputs, name + "/kernel")), bias(load(inputs, name + "/bias")) {}

  Tensor operator()(const Tensor& x) const { return nn::bias_add(matmul(x, kernel), bias); }

  Variable kernel;
  Variable bias;
};

struct Conv {
  Conv(const InputsFile& inputs, const std::string& name)
      : kernel(load(inputs, name + "/kernel")), bias(load(inputs, name + "/bias")) {}

  Tensor operator()(const Tensor& x, int stride) const {
    return nn::fused_conv2d(x, kernel, bias,
                            {.strides = {stride, stride}, .padding = Padding::kSame});
  }

  Variable kernel;
  Variable bias;
};

struct BatchNormRelu {
  BatchNormRelu(const InputsFile& inputs, const std::string& name)
      : gamma(load(inputs, name + "/gamma")),
        beta(load(inputs, name + "/beta")),
        mean(fill(gamma.shape(), 0), {.trainable = false}),
        variance(fill(gamma.shape(), 1), {.trainable = false}) {}

  Tensor operator()(const Tensor& x) const {
    const auto result = nn::fused_batch_norm_relu(x, gamma, beta, mean, variance,
                                                  {.exponential_avg_factor = 0.01F});
    mean.assign(result.batch_mean);
    variance.assign(result.batch_variance);
    return result.y;
  }

  Variable gamma;
  Variable beta;
  Variable mean;
  Variable variance;
};

class Mlp {
 public:
  explicit Mlp(const InputsFile& inputs)
      : dense_(inputs, "mlp/dense"),
        dense_1_(inputs, "mlp/dense_1"),
        dense_2_(inputs, "mlp/dense_2") {}

  std::vector<Variable> trainable_variables() const {
    return {dense_.kernel, dense_.bias,     dense_1_.kernel,
            dense_1_.bias, dense_2_.kernel, dense_2_.bias};
  }
  Tensor loss(const Tensor& images, const Tensor& labels) const {
    return cross_entropy(labels, dense_2_(nn::relu(dense_1_(nn::relu(dense_(images))))));
  }

 private:
  Dense dense_;
  Dense dense_1_;
  Dense dense_2_;
};

class Network {
 public:
  explicit Network(const InputsFile& inputs)
      : conv_(inputs, "network/conv2d"),
        norm_(inputs, "network/batch_normalization"),
        conv_1_(inputs, "network/conv2d_1"),
        norm_1_(inputs, "network/batch_normalization_1"),
        dense_(inputs, "network/dense"),
        dense_1_(inputs, "network/dense_1") {}

  std::vector<Variable> trainable_variables() const {
    return {conv_.kernel,   conv_.bias,   norm_.gamma,     norm_.beta,
            conv_1_.kernel, conv_1_.bias, norm_1_.gamma,   norm_1_.beta,
            dense_.kernel,  dense_.bias,  dense_1_.kernel, dense_1_.bias};
  }
  Tensor loss(const Tensor& images, const Tensor& labels) const {
    const Tensor features = norm_1_(conv_1_(norm_(conv_(images, 1)), 2));
    const Tensor flat = reshape(features, {features.shape()[0], -1});
    Tensor total = cross_entropy(labels, dense_1_(nn::relu(dense_(flat))));
    for (const Variable& kernel : {conv_.kernel, conv_1_.kernel, dense_.kernel, dense_1_.kernel}) {
      total = total + 1e-4F * nn::l2_loss(kernel);
    }
    return total;
  }

 private:
  Conv conv_;
  BatchNormRelu norm_;
  Conv conv_1_;
  BatchNormRelu norm_1_;
  Dense dense_;
  Dense dense_1_;
};

// The update of all variables in one op; the slots lie beside them.
class Momentum {
 public:
  explicit Momentum(const std::vector<Variable>& variables) {
    for (const Variable& variable : variables) {
      with_slots_.push_back(variable);
      with_slots_.emplace_back(fill(variable.shape(), 0), VariableArgs{.trainable = false});
    }
  }
  void operator()(const std::vector<Variable>& /*variables*/,
                  const std::vector<Tensor>& gradients) const {
    train::apply_momentum(with_slots_, rate_, gradients, {.momentum = kMomentum});
  }

 private:
  std::vector<Variable> with_slots_;
  Tensor rate_ = constant(kLearningRate);
};

template <class Model>
Step step_of(const InputsFile& inputs, const Batch& batch) {
  auto model = std::make_shared<Model>(inputs);
  const Momentum update(model->trainable_variables());
  return training_step(std::move(model), batch, update);
}

}  // namespace

Step make_mlp_step(const InputsFile& inputs) {
  return step_of<Mlp>(inputs, read_batch(inputs, "mlp", 8));
}

Step make_network_step(const InputsFile& inputs, std::int64_t batch) {
  return step_of<Network>(inputs, read_batch(inputs, "network", batch));
}

}  // namespace keen::bench
