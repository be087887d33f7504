#include "benchmarks/support/training_step.h"

#include "kernels/reduce.h"
#include "kernels/softmax_cross_entropy.h"

namespace keen::bench {

Tensor to_tensor(const Array& array) {
  return Tensor::from_vector(array.values, Shape(array.shape));
}

Batch read_batch(const InputsFile& inputs, const std::string& model, std::int64_t size) {
  const std::vector<float> labels = inputs.read_rows(model + "/labels", size).values;
  return {to_tensor(inputs.read_rows(model + "/images", size)),
          Tensor::from_vector(std::vector<std::int64_t>(labels.begin(), labels.end()))};
}

Tensor cross_entropy(const Tensor& labels, const Tensor& logits) {
  return reduce_mean(nn::sparse_softmax_cross_entropy_with_logits(labels, logits));
}

}  // namespace keen::bench
