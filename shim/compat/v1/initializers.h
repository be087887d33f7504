// TF1's initializers (tf.compat.v1.initializers): they draw from the stateful random ops.
#pragma once

#include <cstdint>
#include <optional>

#include "shim/keras/initializers.h"

namespace keen::compat::v1 {

using Initializer = keen::keras::initializers::Initializer;

namespace initializers {

using keen::keras::initializers::SeedArgs;
using keen::keras::initializers::VarianceScalingArgs;

struct RandomUniformArgs {
  double minval = 0.0;
  double maxval = 1.0;
  std::optional<std::int64_t> seed = std::nullopt;
};
struct RandomNormalArgs {
  double mean = 0.0;
  double stddev = 1.0;
  std::optional<std::int64_t> seed = std::nullopt;
};

[[nodiscard]] Initializer zeros();
[[nodiscard]] Initializer ones();
[[nodiscard]] Initializer constant(double value = 0);
// A value for each element.
[[nodiscard]] Initializer constant(const Tensor& values);
[[nodiscard]] Initializer random_uniform(const RandomUniformArgs& args = {});
[[nodiscard]] Initializer random_normal(const RandomNormalArgs& args = {});
[[nodiscard]] Initializer truncated_normal(const RandomNormalArgs& args = {});
[[nodiscard]] Initializer variance_scaling(const VarianceScalingArgs& args = {});
[[nodiscard]] Initializer glorot_uniform(const SeedArgs& args = {});
[[nodiscard]] Initializer glorot_normal(const SeedArgs& args = {});
[[nodiscard]] Initializer he_uniform(const SeedArgs& args = {});
[[nodiscard]] Initializer he_normal(const SeedArgs& args = {});
[[nodiscard]] Initializer lecun_uniform(const SeedArgs& args = {});
[[nodiscard]] Initializer lecun_normal(const SeedArgs& args = {});

}  // namespace initializers

// TensorFlow's other names for them.
[[nodiscard]] inline Initializer zeros_initializer() { return initializers::zeros(); }
[[nodiscard]] inline Initializer ones_initializer() { return initializers::ones(); }
[[nodiscard]] inline Initializer constant_initializer(double value = 0) {
  return initializers::constant(value);
}
[[nodiscard]] inline Initializer random_uniform_initializer(
    const initializers::RandomUniformArgs& args = {}) {
  return initializers::random_uniform(args);
}
[[nodiscard]] inline Initializer random_normal_initializer(
    const initializers::RandomNormalArgs& args = {}) {
  return initializers::random_normal(args);
}
[[nodiscard]] inline Initializer truncated_normal_initializer(
    const initializers::RandomNormalArgs& args = {}) {
  return initializers::truncated_normal(args);
}
[[nodiscard]] inline Initializer glorot_uniform_initializer(
    const initializers::SeedArgs& args = {}) {
  return initializers::glorot_uniform(args);
}
[[nodiscard]] inline Initializer glorot_normal_initializer(
    const initializers::SeedArgs& args = {}) {
  return initializers::glorot_normal(args);
}

}  // namespace keen::compat::v1
