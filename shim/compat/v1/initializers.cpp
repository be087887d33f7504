#include "shim/compat/v1/initializers.h"

#include "kernels/reshape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::compat::v1::initializers {
namespace {

using keen::keras::initializers::detail::Distribution;
using keen::keras::initializers::detail::FanMode;
using keen::keras::initializers::detail::Kind;
using keen::keras::initializers::detail::Recipe;

Initializer scaling(double scale, FanMode mode, Distribution distribution,
                    const std::optional<std::int64_t>& seed) {
  return Recipe{.kind = Kind::kVarianceScaling,
                .mode = mode,
                .distribution = distribution,
                .type_name = "VarianceScaling",
                .first = scale,
                .seed = seed};
}

}  // namespace

Initializer zeros() { return Recipe{}; }
Initializer ones() { return Recipe{.type_name = "Ones", .first = 1}; }
Initializer constant(double value) { return Recipe{.type_name = "Constant", .first = value}; }

Initializer constant(const Tensor& values) {
  return [values](const Shape& shape, DType dtype) {
    if (values.dtype() != dtype) {
      throw ValueError(text("Constant: values of ", values.spec(), " for a variable of ", dtype));
    }
    return reshape(values, shape);
  };
}

Initializer random_uniform(const RandomUniformArgs& args) {
  return Recipe{.kind = Kind::kUniform,
                .type_name = "RandomUniform",
                .first = args.minval,
                .second = args.maxval,
                .seed = args.seed};
}

Initializer random_normal(const RandomNormalArgs& args) {
  return Recipe{.kind = Kind::kNormal,
                .type_name = "RandomNormal",
                .first = args.mean,
                .second = args.stddev,
                .seed = args.seed};
}

Initializer truncated_normal(const RandomNormalArgs& args) {
  return Recipe{.kind = Kind::kTruncatedNormal,
                .type_name = "TruncatedNormal",
                .first = args.mean,
                .second = args.stddev,
                .seed = args.seed};
}

Initializer variance_scaling(const VarianceScalingArgs& args) {
  const auto words =
      keen::keras::initializers::detail::scaling_words(args.scale, args.mode, args.distribution);
  return scaling(args.scale, words.mode, words.distribution, args.seed);
}

Initializer glorot_uniform(const SeedArgs& args) {
  return scaling(1.0, FanMode::kFanAvg, Distribution::kUniform, args.seed);
}
Initializer glorot_normal(const SeedArgs& args) {
  return scaling(1.0, FanMode::kFanAvg, Distribution::kTruncatedNormal, args.seed);
}
Initializer he_uniform(const SeedArgs& args) {
  return scaling(2.0, FanMode::kFanIn, Distribution::kUniform, args.seed);
}
Initializer he_normal(const SeedArgs& args) {
  return scaling(2.0, FanMode::kFanIn, Distribution::kTruncatedNormal, args.seed);
}
Initializer lecun_uniform(const SeedArgs& args) {
  return scaling(1.0, FanMode::kFanIn, Distribution::kUniform, args.seed);
}
Initializer lecun_normal(const SeedArgs& args) {
  return scaling(1.0, FanMode::kFanIn, Distribution::kTruncatedNormal, args.seed);
}

}  // namespace keen::compat::v1::initializers
