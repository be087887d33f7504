// Random numbers that are a function of their seed (tf.random.stateless_*).
#pragma once

#include <cstdint>
#include <initializer_list>

#include "kernels/random_parameter.h"
#include "kernels/shape_like.h"
#include "runtime/base/dtype.h"
#include "runtime/tensor/tensor.h"

namespace keen {

namespace random {

// tf.random.Algorithm. Philox is the one that Keen has, and what kAutoSelect means.
enum class Algorithm : std::int32_t { kPhilox = 1, kThreefry = 2, kAutoSelect = 3 };

// UnimplementedError for ThreeFry, InvalidArgumentError for a number that is no algorithm's; `what`
// begins the text.
void check_algorithm(const char* what, Algorithm alg);

// Arguments of the stateless ops.
struct StatelessOpArgs {
  DType dtype = DType::kFloat32;  // of the output
  Algorithm alg = Algorithm::kAutoSelect;
};

}  // namespace random

namespace op {

struct Op;

// seed (two integers) -> key [1] and counter [2], low half first. They are TensorFlow's uint64,
// held as int64 of the same bits.
extern const Op kStatelessRandomGetKeyCounter;
// shape, key, counter -> numbers; UniformInt takes the scalars minval and maxval after them.
// Arguments: random::StatelessOpArgs.
extern const Op kStatelessRandomUniformV2;
extern const Op kStatelessRandomUniformIntV2;
extern const Op kStatelessRandomUniformFullIntV2;
extern const Op kStatelessRandomNormalV2;
extern const Op kStatelessTruncatedNormalV2;
// seed, data (a scalar) -> a seed [2] of data's type: TensorFlow composes it of two ops.
extern const Op kStatelessFoldIn;

}  // namespace op

namespace random {

// Two integers: a braced list (which makes int64), or a tensor of shape [2] of int32 or int64.
class StatelessSeed {
 public:
  StatelessSeed(std::initializer_list<std::int64_t> seed);  // NOLINT
  StatelessSeed(const Tensor& seed) : tensor_(seed) {}      // NOLINT
  [[nodiscard]] const Tensor& tensor() const { return tensor_; }

 private:
  Tensor tensor_;
};

struct StatelessUniformArgs {
  Parameter minval = 0;
  // Not given: 1 for floating types. Integer types take their full range if minval isn't given
  // either (`.minval = {}`), else it is a ValueError.
  Parameter maxval = {};
  DType dtype = DType::kFloat32;
  Algorithm alg = Algorithm::kAutoSelect;
};

// The same as random::uniform, normal and truncated_normal without a state: the same seed gives the
// same numbers always. InvalidArgumentError for a seed that is not of shape [2].
[[nodiscard]] Tensor stateless_uniform(const ShapeLike& shape, const StatelessSeed& seed,
                                       const StatelessUniformArgs& args = {});

struct StatelessNormalArgs {
  Parameter mean = 0.0;
  Parameter stddev = 1.0;
  DType dtype = DType::kFloat32;
  Algorithm alg = Algorithm::kAutoSelect;
};

[[nodiscard]] Tensor stateless_normal(const ShapeLike& shape, const StatelessSeed& seed,
                                      const StatelessNormalArgs& args = {});
[[nodiscard]] Tensor stateless_truncated_normal(const ShapeLike& shape, const StatelessSeed& seed,
                                                const StatelessNormalArgs& args = {});

// A new seed out of a seed and a number, an int32 or int64 scalar whose type the seed gets: for the
// step of a loop, or the number of a replica (tf.random.fold_in).
[[nodiscard]] Tensor fold_in(const StatelessSeed& seed, const Tensor& data);
[[nodiscard]] Tensor fold_in(const StatelessSeed& seed, std::int64_t data);

// `num` independent seeds, as the rows of a [num, 2] tensor of the seed's type (tf.random.split).
[[nodiscard]] Tensor split(const StatelessSeed& seed, std::int64_t num = 2);

// TensorFlow's older names of the two.
[[nodiscard]] inline Tensor stateless_fold_in(const StatelessSeed& seed, const Tensor& data) {
  return fold_in(seed, data);
}
[[nodiscard]] inline Tensor stateless_split(const StatelessSeed& seed, std::int64_t num = 2) {
  return split(seed, num);
}

}  // namespace random
}  // namespace keen
