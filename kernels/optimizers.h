// Updates of variables by their gradients, all variables in one op (TensorFlow's ResourceApply*).
#pragma once

#include <span>

#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen {

struct ApplyMomentumArgs {
  double momentum = 0.0;
  bool use_nesterov = false;
};

struct ApplyAdamArgs {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;  // Kingma and Ba's epsilon hat
};

namespace train {

// Each function takes variables with one gradient apiece and the learning rate as a scalar, all of
// one dtype, float32 or float64. The elements are updated in place where nobody shares them, by
// TensorFlow's formulas in TensorFlow's order of operations, so that the bits are its CPU's.
// InvalidArgumentError for counts, shapes and dtypes that don't fit and for a variable that is
// given twice.

// var -= lr * g
void apply_gradient_descent(std::span<const Variable> variables, const Tensor& learning_rate,
                            std::span<const Tensor> gradients);

// accum = accum * momentum + g; var -= accum * lr, or with Nesterov's rule
// var -= g * lr + accum * momentum * lr. `variables`: var, accum for each gradient.
void apply_momentum(std::span<const Variable> variables, const Tensor& learning_rate,
                    std::span<const Tensor> gradients, const ApplyMomentumArgs& args);

// alpha = lr * sqrt(1 - beta2_power) / (1 - beta1_power); m += (g - m) * (1 - beta1);
// v += (g * g - v) * (1 - beta2); var -= m * alpha / (sqrt(v) + epsilon); then the powers are
// multiplied by their betas. `variables`: beta1_power, beta2_power, then var, m, v for each
// gradient.
void apply_adam(std::span<const Variable> variables, const Tensor& learning_rate,
                std::span<const Tensor> gradients, const ApplyAdamArgs& args);

}  // namespace train

namespace op {

// Inputs: the learning rate, then the gradients. The variables are those of the functions above.
extern const Op kApplyGradientDescent;
extern const Op kApplyMomentum;
extern const Op kApplyAdam;

}  // namespace op
}  // namespace keen
