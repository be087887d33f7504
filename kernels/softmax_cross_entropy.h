// Cross entropies of logits (tf.nn.softmax_cross_entropy_with_logits, …).
#pragma once

#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct SoftmaxCrossEntropyArgs {
  int axis = -1;  // of the classes
};

namespace nn {

// -sum(labels * log_softmax(logits)) along `axis`: labels and logits have the same shape, or
// broadcast; the result lacks the axis. Gradients flow to both. float32 and float64.
// InvalidArgumentError for shapes that don't fit.
[[nodiscard]] Tensor softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits,
                                                       const SoftmaxCrossEntropyArgs& args = {});

// The same for labels (int32 or int64) that are the number of one class each: they have the shape
// of logits without its last dimension. ValueError for shapes that don't fit, InvalidArgumentError
// for a label outside of [0, classes); on a GPU, where labels can't be read without waiting, loss
// and gradient of such a row are nan, as TensorFlow's are.
[[nodiscard]] Tensor sparse_softmax_cross_entropy_with_logits(const Tensor& labels,
                                                              const Tensor& logits);

}  // namespace nn

namespace op {

// Of features and labels: the loss of each row, and its gradient with respect to the features.
extern const Op kSoftmaxCrossEntropyWithLogits;
extern const Op kSparseSoftmaxCrossEntropyWithLogits;

}  // namespace op
}  // namespace keen
