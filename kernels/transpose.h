// tf.transpose
#pragma once

#include "runtime/base/ints.h"
#include "runtime/tensor/tensor.h"

namespace keen {

// Output dimension i is input dimension perm[i]; an empty `perm` reverses all dimensions. Any dtype
// but string. InvalidArgumentError where `perm` is no permutation of the dimensions.
[[nodiscard]] Tensor transpose(const Tensor& a, const Ints& perm = {});

}  // namespace keen
