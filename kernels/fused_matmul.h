// Matrix products with a bias and an activation in one op: what dense layers compute.
#pragma once

#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen::op {

// a [m, k] times b [k, n] plus bias [n], and ReLU of that. float32 and float64; on GPUs
// float16 and bfloat16 as well, whose sums are in float32. InvalidArgumentError for other ranks and
// for sizes that don't fit. (TensorFlow's _FusedMatMul, into which Grappler turns MatMul, BiasAdd
// and Relu.)
[[nodiscard]] Tensor matmul_bias(const Tensor& a, const Tensor& b, const Tensor& bias);
[[nodiscard]] Tensor matmul_bias_relu(const Tensor& a, const Tensor& b, const Tensor& bias);

extern const Op kMatMulBias;
extern const Op kMatMulBiasRelu;

// Of a [m, k] and dy [m, n]: the gradients of b and of bias.
extern const Op kMatMulBiasGrad;

}  // namespace keen::op
