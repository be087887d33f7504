// Generators that hold their state in a variable (tf.random.Generator).
#pragma once

#include <cstdint>

#include "kernels/random_parameter.h"
#include "kernels/shape_like.h"
#include "kernels/stateless_random.h"
#include "runtime/base/dtype.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen {

namespace op {
struct Op;
// shape -> key [1], counter [2]: those that the variable, an int64 [3] of counter and key, held
// before its counter moved on by what an output of that shape sets aside. TensorFlow's
// RngReadAndSkip takes the number of outputs and leaves it to further ops to take its result apart.
extern const Op kRngReadAndSkip;
}  // namespace op

namespace random {

struct GeneratorUniformArgs {
  Parameter minval = 0;
  // As in StatelessUniformArgs.
  Parameter maxval = {};
  DType dtype = DType::kFloat32;
};

struct GeneratorNormalArgs {
  Parameter mean = 0.0;
  Parameter stddev = 1.0;
  DType dtype = DType::kFloat32;
};

// A handle: copies share the state. Methods may be called from several threads and in functions
// being traced, where every run moves the state on.
class Generator {
 public:
  // The seed is where the counter starts; the key is 0. InvalidArgumentError for an algorithm that
  // Keen lacks.
  [[nodiscard]] static Generator from_seed(std::int64_t seed, Algorithm alg = Algorithm::kPhilox);
  // An int64 tensor of shape [3]: the counter, low half first, and the key. ValueError for others.
  [[nodiscard]] static Generator from_state(const Tensor& state,
                                            Algorithm alg = Algorithm::kPhilox);
  // Starts where nobody can predict.
  [[nodiscard]] static Generator from_non_deterministic_state();

  [[nodiscard]] const Variable& state() const { return state_; }
  [[nodiscard]] Algorithm algorithm() const { return alg_; }

  void reset(const Tensor& state) const;
  void reset_from_seed(std::int64_t seed) const;
  // Moves on by what `delta` numbers of any distribution take.
  void skip(std::int64_t delta) const;

  [[nodiscard]] Tensor uniform(const ShapeLike& shape, const GeneratorUniformArgs& args = {}) const;
  [[nodiscard]] Tensor normal(const ShapeLike& shape, const GeneratorNormalArgs& args = {}) const;
  [[nodiscard]] Tensor truncated_normal(const ShapeLike& shape,
                                        const GeneratorNormalArgs& args = {}) const;
  // Whole numbers of the full range of int32 or int64.
  [[nodiscard]] Tensor uniform_full_int(const ShapeLike& shape, DType dtype = DType::kInt64) const;

 private:
  Generator(const Tensor& state, Algorithm alg);

  Variable state_;
  Algorithm alg_;
};

}  // namespace random
}  // namespace keen
