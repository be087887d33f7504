#include "benchmarks/peers/torch_models.h"

#include <string>
#include <utility>

namespace keen::bench {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

Tensor to_tensor(const Array& array) { return torch::tensor(array.values).reshape(array.shape); }

Tensor to_labels(const Array& array) { return to_tensor(array).to(torch::kLong); }

void set(Tensor& parameter, const Tensor& value) { parameter.set_data(value); }

// kernel [inputs, outputs] becomes torch's weight [outputs, inputs].
nn::Linear make_dense(const InputsFile& inputs, const std::string& name) {
  const Tensor kernel = to_tensor(inputs.read(name + "/kernel"));
  nn::Linear dense(kernel.size(0), kernel.size(1));
  set(dense->weight, kernel.t().contiguous());
  set(dense->bias, to_tensor(inputs.read(name + "/bias")));
  return dense;
}

// torch updates as average + 0.01 · (batch − average): TensorFlow's momentum 0.99.
nn::BatchNorm2d make_batch_norm(const InputsFile& inputs, const std::string& name) {
  const Tensor gamma = to_tensor(inputs.read(name + "/gamma"));
  nn::BatchNorm2d norm(nn::BatchNorm2dOptions(gamma.size(0)).eps(1e-3).momentum(0.01));
  set(norm->weight, gamma);
  set(norm->bias, to_tensor(inputs.read(name + "/beta")));
  return norm;
}

class Mlp final : public TrainedModel {
 public:
  explicit Mlp(const InputsFile& inputs)
      : TrainedModel(to_tensor(inputs.read("mlp/images")), to_labels(inputs.read("mlp/labels"))),
        dense_(make_dense(inputs, "mlp/dense")),
        dense_1_(make_dense(inputs, "mlp/dense_1")),
        dense_2_(make_dense(inputs, "mlp/dense_2")) {
    set_parameters({dense_->weight, dense_->bias, dense_1_->weight, dense_1_->bias,
                    dense_2_->weight, dense_2_->bias});
  }

 private:
  Tensor loss(const Tensor& images, const Tensor& labels) override {
    const Tensor hidden = torch::relu(dense_1_(torch::relu(dense_(images))));
    return torch::cross_entropy_loss(dense_2_(hidden), labels);
  }

  nn::Linear dense_;
  nn::Linear dense_1_;
  nn::Linear dense_2_;
};

class Network final : public TrainedModel {
 public:
  Network(const InputsFile& inputs, std::int64_t batch, NetworkForm form)
      : TrainedModel(load_images(inputs, batch, form),
                     to_labels(inputs.read_rows("network/labels", batch))),
        form_(form),
        conv_(make_conv(inputs, "network/conv2d", 1)),
        norm_(make_batch_norm(inputs, "network/batch_normalization")),
        conv_1_(make_conv(inputs, "network/conv2d_1", 2)),
        norm_1_(make_batch_norm(inputs, "network/batch_normalization_1")),
        dense_(make_dense(inputs, "network/dense")),
        dense_1_(make_dense(inputs, "network/dense_1")) {
    reorder_dense_rows();
    set_parameters({conv_->weight, conv_->bias, norm_->weight, norm_->bias, conv_1_->weight,
                    conv_1_->bias, norm_1_->weight, norm_1_->bias, dense_->weight, dense_->bias,
                    dense_1_->weight, dense_1_->bias});
  }

 private:
  static torch::MemoryFormat memory_format(NetworkForm form) {
    return form.channels_last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
  }

  static Tensor load_images(const InputsFile& inputs, std::int64_t batch, NetworkForm form) {
    Tensor images = to_tensor(inputs.read_rows("network/images", batch)).permute({0, 3, 1, 2});
    if (form.flipped) images = images.flip({2, 3});
    return images.clone(memory_format(form));
  }

  // HWIO becomes torch's OIHW.
  nn::Conv2d make_conv(const InputsFile& inputs, const std::string& name, int stride) const {
    Tensor kernel = to_tensor(inputs.read(name + "/kernel")).permute({3, 2, 0, 1});
    if (form_.flipped) kernel = kernel.flip({2, 3});
    const int padding = stride == 1 || form_.flipped ? 1 : 0;
    nn::Conv2d conv(
        nn::Conv2dOptions(kernel.size(1), kernel.size(0), 3).stride(stride).padding(padding));
    set(conv->weight, kernel.clone(memory_format(form_)));
    set(conv->bias, to_tensor(inputs.read(name + "/bias")));
    return conv;
  }

  // The stored rows of the dense kernel are in the order height, width, channel.
  void reorder_dense_rows() {
    Tensor weight = dense_->weight.detach().reshape({128, 14, 14, 64});
    if (form_.flipped) weight = weight.flip({1, 2});
    if (!form_.channels_last) weight = weight.permute({0, 3, 1, 2});
    set(dense_->weight, weight.contiguous().reshape({128, -1}));
  }

  Tensor loss(const Tensor& images, const Tensor& labels) override {
    Tensor hidden = torch::relu(norm_(conv_(images)));
    if (!form_.flipped) hidden = torch::constant_pad_nd(hidden, {0, 1, 0, 1});
    hidden = torch::relu(norm_1_(conv_1_(hidden)));
    if (form_.channels_last) hidden = hidden.permute({0, 2, 3, 1});
    hidden = torch::relu(dense_(hidden.flatten(1)));
    Tensor total = torch::cross_entropy_loss(dense_1_(hidden), labels);
    for (const Tensor& kernel :
         {conv_->weight, conv_1_->weight, dense_->weight, dense_1_->weight}) {
      total = total + 5e-5 * kernel.square().sum();
    }
    return total;
  }

  NetworkForm form_;
  nn::Conv2d conv_;
  nn::BatchNorm2d norm_;
  nn::Conv2d conv_1_;
  nn::BatchNorm2d norm_1_;
  nn::Linear dense_;
  nn::Linear dense_1_;
};

}  // namespace

TrainedModel::TrainedModel(Tensor images, Tensor labels)
    : images_(std::move(images)), labels_(std::move(labels)) {}

void TrainedModel::set_parameters(std::vector<Tensor> parameters) {
  optimizer_ = std::make_unique<torch::optim::SGD>(std::move(parameters),
                                                   torch::optim::SGDOptions(0.01).momentum(0.9));
}

float TrainedModel::step() {
  optimizer_->zero_grad();
  const Tensor value = loss(images_, labels_);
  value.backward();
  optimizer_->step();
  return value.item<float>();
}

std::unique_ptr<TrainedModel> make_mlp(const InputsFile& inputs) {
  return std::make_unique<Mlp>(inputs);
}

std::unique_ptr<TrainedModel> make_network(const InputsFile& inputs, std::int64_t batch,
                                           NetworkForm form) {
  return std::make_unique<Network>(inputs, batch, form);
}

}  // namespace keen::bench
