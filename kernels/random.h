// Random numbers whose stream moves on with every call (tf.random).
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/random_parameter.h"
#include "kernels/shape_like.h"
#include "runtime/base/dtype.h"
#include "runtime/tensor/random_state.h"
#include "runtime/tensor/tensor.h"

namespace keen {

namespace op {

// shape -> numbers; RandomUniformInt takes the scalars minval and maxval after it. All inputs are
// read on the host. Arguments: random::RandomOpArgs.
extern const Op kRandomUniform;
extern const Op kRandomUniformInt;
extern const Op kRandomStandardNormal;
extern const Op kTruncatedNormal;

}  // namespace op

namespace random {

// The numbers are TensorFlow's, bit for bit; set_seed and the op's seed say which. ValueError for a
// dtype that the function lacks, InvalidArgumentError for a negative dimension.

struct UniformArgs {
  Parameter minval = 0;
  Parameter maxval = {};  // not given: 1 for floating types, a ValueError for integers
  DType dtype = DType::kFloat32;
  std::optional<std::int64_t> seed = {};
};

// Numbers of [minval, maxval): of a floating type, int32 or int64. InvalidArgumentError for
// integers with minval >= maxval.
[[nodiscard]] Tensor uniform(const ShapeLike& shape, const UniformArgs& args = {});

struct NormalArgs {
  Parameter mean = 0.0;
  Parameter stddev = 1.0;
  DType dtype = DType::kFloat32;  // a floating type
  std::optional<std::int64_t> seed = {};
};

// Normally distributed numbers; mean and stddev broadcast against the shape.
[[nodiscard]] Tensor normal(const ShapeLike& shape, const NormalArgs& args = {});

// The same without those two or more standard deviations off the mean, which are drawn again.
[[nodiscard]] Tensor truncated_normal(const ShapeLike& shape, const NormalArgs& args = {});

}  // namespace random
}  // namespace keen
