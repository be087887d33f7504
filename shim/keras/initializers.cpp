#include "shim/keras/initializers.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "kernels/random.h"
#include "kernels/stateless_random.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/random_state.h"

namespace keen::keras::initializers {

class detail::DrawnSeed {
 public:
  [[nodiscard]] std::int64_t get(const std::optional<std::int64_t>& given) {
    if (given) return *given;
    const std::lock_guard lock(mutex_);
    if (!drawn_) drawn_ = random::current_random_state().next_keras_seed();
    return *drawn_;
  }

 private:
  std::mutex mutex_;
  std::optional<std::int64_t> drawn_;
};

namespace {

using detail::Distribution;
using detail::FanMode;
using detail::Kind;
using detail::Recipe;

Tensor constant_of(const Recipe& recipe, const Shape& shape, DType dtype) {
  if (dtype != DType::kString) return fill(shape, recipe.first, dtype);
  return Tensor::from_vector(
      std::vector<std::string>(static_cast<std::size_t>(shape.num_elements())), shape);
}

Tensor uniform(const Recipe& recipe, const Shape& shape, DType dtype, double low, double high) {
  if (recipe.drawn == nullptr) {
    return random::uniform(shape,
                           {.minval = low, .maxval = high, .dtype = dtype, .seed = recipe.seed});
  }
  return random::stateless_uniform(shape, {recipe.drawn->get(recipe.seed), 0},
                                   {.minval = low, .maxval = high, .dtype = dtype});
}

Tensor normal(const Recipe& recipe, const Shape& shape, DType dtype, double mean, double stddev) {
  if (recipe.drawn == nullptr) {
    return random::normal(shape,
                          {.mean = mean, .stddev = stddev, .dtype = dtype, .seed = recipe.seed});
  }
  return random::stateless_normal(shape, {recipe.drawn->get(recipe.seed), 0},
                                  {.mean = mean, .stddev = stddev, .dtype = dtype});
}

Tensor truncated_normal(const Recipe& recipe, const Shape& shape, DType dtype, double mean,
                        double stddev) {
  if (recipe.drawn == nullptr) {
    return random::truncated_normal(
        shape, {.mean = mean, .stddev = stddev, .dtype = dtype, .seed = recipe.seed});
  }
  return random::stateless_truncated_normal(shape, {recipe.drawn->get(recipe.seed), 0},
                                            {.mean = mean, .stddev = stddev, .dtype = dtype});
}

// Units that feed one output and that one input feeds: the last two dimensions times the others.
std::pair<double, double> fans(const Shape& shape) {
  if (shape.rank() < 1) return {1, 1};
  if (shape.rank() == 1) return {shape[0], shape[0]};
  std::int64_t receptive_field = 1;
  for (int i = 0; i < shape.rank() - 2; ++i) receptive_field *= shape[i];
  return {shape[-2] * receptive_field, shape[-1] * receptive_field};
}

Tensor variance_scaling(const Recipe& recipe, const Shape& shape, DType dtype) {
  const auto [fan_in, fan_out] = fans(shape);
  const double units = recipe.mode == FanMode::kFanIn    ? fan_in
                       : recipe.mode == FanMode::kFanOut ? fan_out
                                                         : (fan_in + fan_out) / 2.0;
  const double scale = recipe.first / std::max(1.0, units);
  // Standard deviation of the unit normal distribution cut off at 2.
  constexpr double kTruncatedStddev = .87962566103423978;
  switch (recipe.distribution) {
    case Distribution::kTruncatedNormal:
      return truncated_normal(recipe, shape, dtype, 0.0, std::sqrt(scale) / kTruncatedStddev);
    case Distribution::kUntruncatedNormal:
      return normal(recipe, shape, dtype, 0.0, std::sqrt(scale));
    case Distribution::kUniform:
      break;
  }
  const double limit = std::sqrt(3.0 * scale);
  return uniform(recipe, shape, dtype, -limit, limit);
}

Tensor make(const Recipe& recipe, const Shape& shape, DType dtype) {
  switch (recipe.kind) {
    case Kind::kConstant:
      return constant_of(recipe, shape, dtype);
    case Kind::kUniform:
      return uniform(recipe, shape, dtype, recipe.first, recipe.second);
    case Kind::kNormal:
      return normal(recipe, shape, dtype, recipe.first, recipe.second);
    case Kind::kTruncatedNormal:
      return truncated_normal(recipe, shape, dtype, recipe.first, recipe.second);
    case Kind::kVarianceScaling:
      break;
  }
  return variance_scaling(recipe, shape, dtype);
}

Recipe scaling(double scale, FanMode mode, Distribution distribution, const SeedArgs& args) {
  return {.kind = Kind::kVarianceScaling,
          .mode = mode,
          .distribution = distribution,
          .type_name = "VarianceScaling",
          .first = scale,
          .seed = args.seed,
          .drawn = std::make_shared<detail::DrawnSeed>()};
}

Recipe scaling(const VarianceScalingArgs& args) {
  const auto words = detail::scaling_words(args.scale, args.mode, args.distribution);
  return scaling(args.scale, words.mode, words.distribution, {.seed = args.seed});
}

Initializer named(std::string_view name) {
  if (name == "zeros" || name == "Zeros") return Zeros();
  if (name == "ones" || name == "Ones") return Ones();
  if (name == "constant" || name == "Constant") return Constant();
  if (name == "glorot_uniform" || name == "GlorotUniform") return GlorotUniform();
  if (name == "glorot_normal" || name == "GlorotNormal") return GlorotNormal();
  if (name == "he_uniform" || name == "HeUniform") return HeUniform();
  if (name == "he_normal" || name == "HeNormal") return HeNormal();
  if (name == "lecun_uniform" || name == "LecunUniform") return LecunUniform();
  if (name == "lecun_normal" || name == "LecunNormal") return LecunNormal();
  if (name == "variance_scaling" || name == "VarianceScaling") return VarianceScaling();
  if (name == "random_uniform" || name == "RandomUniform") return RandomUniform();
  if (name == "random_normal" || name == "RandomNormal") return RandomNormal();
  if (name == "truncated_normal" || name == "TruncatedNormal") return TruncatedNormal();
  throw ValueError(text("initializers: unknown initializer '", name, "'"));
}

}  // namespace

detail::ScalingWords detail::scaling_words(double scale, std::string_view mode,
                                           std::string_view distribution) {
  if (!(scale > 0)) {
    throw ValueError(text("VarianceScaling: `scale` must be positive float. Received: ", scale));
  }
  ScalingWords words{};
  if (mode == "fan_in") {
    words.mode = FanMode::kFanIn;
  } else if (mode == "fan_out") {
    words.mode = FanMode::kFanOut;
  } else if (mode == "fan_avg") {
    words.mode = FanMode::kFanAvg;
  } else {
    throw ValueError(text("VarianceScaling: unknown mode '", mode, "'"));
  }
  if (distribution == "truncated_normal" || distribution == "normal") {
    words.distribution = Distribution::kTruncatedNormal;
  } else if (distribution == "untruncated_normal") {
    words.distribution = Distribution::kUntruncatedNormal;
  } else if (distribution == "uniform") {
    words.distribution = Distribution::kUniform;
  } else {
    throw ValueError(text("VarianceScaling: unknown distribution '", distribution, "'"));
  }
  return words;
}

Initializer::Initializer(std::string_view name) : Initializer(named(name)) {}

Tensor Initializer::operator()(const Shape& shape, DType dtype) const {
  if (has_recipe_) return make(recipe_, shape, dtype);
  if (function_ != nullptr) return (*function_)(shape, dtype);
  if (value_.defined()) return value_;
  throw ValueError("initializers: no initializer was given");
}

void Initializer::throw_missing_shape() const {
  throw TypeError(text(has_recipe_ ? recipe_.type_name : "initializer",
                       ".__call__() missing 1 required positional argument: 'shape'"));
}

Zeros::Zeros() : Initializer(Recipe{}) {}
Ones::Ones() : Initializer(Recipe{.type_name = "Ones", .first = 1}) {}
Constant::Constant(double value) : Initializer(Recipe{.type_name = "Constant", .first = value}) {}

RandomUniform::RandomUniform(const RandomUniformArgs& args)
    : Initializer(Recipe{.kind = Kind::kUniform,
                         .type_name = "RandomUniform",
                         .first = args.minval,
                         .second = args.maxval,
                         .seed = args.seed,
                         .drawn = std::make_shared<detail::DrawnSeed>()}) {}

RandomNormal::RandomNormal(const RandomNormalArgs& args)
    : Initializer(Recipe{.kind = Kind::kNormal,
                         .type_name = "RandomNormal",
                         .first = args.mean,
                         .second = args.stddev,
                         .seed = args.seed,
                         .drawn = std::make_shared<detail::DrawnSeed>()}) {}

TruncatedNormal::TruncatedNormal(const RandomNormalArgs& args)
    : Initializer(Recipe{.kind = Kind::kTruncatedNormal,
                         .type_name = "TruncatedNormal",
                         .first = args.mean,
                         .second = args.stddev,
                         .seed = args.seed,
                         .drawn = std::make_shared<detail::DrawnSeed>()}) {}

VarianceScaling::VarianceScaling(const VarianceScalingArgs& args) : Initializer(scaling(args)) {}

GlorotUniform::GlorotUniform(const SeedArgs& args)
    : Initializer(scaling(1.0, FanMode::kFanAvg, Distribution::kUniform, args)) {}
GlorotNormal::GlorotNormal(const SeedArgs& args)
    : Initializer(scaling(1.0, FanMode::kFanAvg, Distribution::kTruncatedNormal, args)) {}
HeUniform::HeUniform(const SeedArgs& args)
    : Initializer(scaling(2.0, FanMode::kFanIn, Distribution::kUniform, args)) {}
HeNormal::HeNormal(const SeedArgs& args)
    : Initializer(scaling(2.0, FanMode::kFanIn, Distribution::kTruncatedNormal, args)) {}
LecunUniform::LecunUniform(const SeedArgs& args)
    : Initializer(scaling(1.0, FanMode::kFanIn, Distribution::kUniform, args)) {}
LecunNormal::LecunNormal(const SeedArgs& args)
    : Initializer(scaling(1.0, FanMode::kFanIn, Distribution::kTruncatedNormal, args)) {}

const Initializer& default_for(DType dtype) {
  static const Initializer floating(
      [](const Shape& shape, DType wanted) { return GlorotUniform()(shape, wanted); });
  static const Initializer other = Zeros();
  return is_floating(dtype) ? floating : other;
}

}  // namespace keen::keras::initializers
