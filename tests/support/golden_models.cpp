#include "tests/support/golden_models.h"

#include "kernels/bias_add.h"
#include "kernels/matmul.h"
#include "shim/compat/v1/get_variable.h"
#include "shim/compat/v1/initializers.h"
#include "shim/compat/v1/keras/utils/track_tf1_style_variables.h"
#include "shim/compat/v1/layers/convolutional.h"
#include "shim/compat/v1/layers/core.h"
#include "shim/compat/v1/layers/normalization.h"
#include "shim/compat/v1/variable_scope.h"
#include "shim/keras/regularizers.h"

namespace keen::test {
namespace {

namespace v1 = compat::v1;

Tensor scoped_dense(const char* name, const Tensor& inputs, std::int64_t units) {
  auto scope = v1::variable_scope(name);
  auto kernel = v1::get_variable("kernel", {.shape = {inputs.shape()[-1], units},
                                            .initializer = v1::initializers::glorot_normal(),
                                            .regularizer = keras::regularizers::L2()});
  auto bias =
      v1::get_variable("bias", {.shape = {units}, .initializer = v1::initializers::zeros()});
  return nn::bias_add(linalg::matmul(inputs, kernel), bias);
}

}  // namespace

Tensor DenseLayer::call(const Tensor& inputs, const CallArgs&) {
  auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
  return scoped_dense("dense", inputs, units_);
}

Tensor DenseModule::operator()(const Tensor& inputs) {
  auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
  return scoped_dense("dense", inputs, units_);
}

Tensor CompatV1LayerModel::call(const Tensor& inputs, const CallArgs&) {
  auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
  auto scope = v1::variable_scope("model");
  Tensor out = v1::layers::conv2d(inputs, 3, 3, {.kernel_regularizer = "l2"});
  out = v1::layers::flatten(out);
  return v1::layers::dense(out, units_, {.kernel_regularizer = "l2"});
}

Tensor CompatV1BatchNorm::call(const Tensor& inputs, const CallArgs& args) {
  auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
  auto scope = v1::variable_scope("batch_norm_layer");
  return v1::layers::batch_normalization(
      inputs, {.momentum = momentum_, .training = args.training, .fused = fused_});
}

}  // namespace keen::test
