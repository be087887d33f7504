// Adding a bias along the channels (tf.nn.bias_add).
#pragma once

#include "kernels/padding.h"
#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct BiasAddArgs {
  DataFormat data_format = DataFormat::kNHWC;  // where the channels of `value` are
};

namespace nn {

// value + bias, where bias [channels] runs along the last dimension of `value`, or along dimension
// 1 for kNCHW. `value` has a rank of at least 2. float32 and float64; on GPUs float16 and
// bfloat16 as well. InvalidArgumentError otherwise.
[[nodiscard]] Tensor bias_add(const Tensor& value, const Tensor& bias,
                              const BiasAddArgs& args = {});

}  // namespace nn

namespace op {

extern const Op kBiasAdd;
extern const Op kBiasAddGrad;  // the sum over all but the channels; BiasAddArgs

}  // namespace op
}  // namespace keen
