// Softmax and its logarithm (tf.nn.softmax, tf.nn.log_softmax).
#pragma once

#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct SoftmaxArgs {
  int axis = -1;
};

namespace nn {

// exp(logits) / sum(exp(logits)) along `axis`, without overflow; float32 and float64.
// InvalidArgumentError for a scalar and for an axis outside of [-rank, rank).
[[nodiscard]] Tensor softmax(const Tensor& logits, const SoftmaxArgs& args = {});
// logits - log(sum(exp(logits))) along `axis`.
[[nodiscard]] Tensor log_softmax(const Tensor& logits, const SoftmaxArgs& args = {});

}  // namespace nn

namespace op {

extern const Op kSoftmax;
extern const Op kLogSoftmax;

}  // namespace op
}  // namespace keen
