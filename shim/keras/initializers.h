// Initial values of variables (tf.keras.initializers).
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/dtype.h"
#include "runtime/base/shape.h"
#include "runtime/tensor/tensor.h"
#include "shim/none.h"

namespace keen::keras::initializers {

namespace detail {

enum class Kind : std::uint8_t { kConstant, kUniform, kNormal, kTruncatedNormal, kVarianceScaling };
enum class FanMode : std::uint8_t { kFanIn, kFanOut, kFanAvg };
enum class Distribution : std::uint8_t { kTruncatedNormal, kUntruncatedNormal, kUniform };

// The integer that a Keras initializer draws when it is first called, shared by its copies.
class DrawnSeed;

// One of TensorFlow's initializers and its numbers.
struct Recipe {
  Kind kind = Kind::kConstant;
  FanMode mode = FanMode::kFanIn;
  Distribution distribution = Distribution::kTruncatedNormal;
  const char* type_name = "Zeros";  // TensorFlow's class, for errors
  double first = 0;                 // value; minval; mean; scale
  double second = 0;                // maxval; stddev
  std::optional<std::int64_t> seed = std::nullopt;
  std::shared_ptr<DrawnSeed> drawn = nullptr;  // of Keras' stateless ones; null: the stateful ops
};

struct ScalingWords {
  FanMode mode;
  Distribution distribution;
};
// What the two words mean. ValueError for unknown ones.
[[nodiscard]] ScalingWords scaling_words(double scale, std::string_view mode,
                                         std::string_view distribution);

template <class F>
concept InitializerFunction = std::is_invocable_r_v<Tensor, const F&, const Shape&, DType>;

}  // namespace detail

// What gives a variable its first value: one of TensorFlow's initializers, the name of a Keras one
// ("zeros", "ones", "glorot_uniform", "glorot_normal", …), any function of (shape, dtype), or a
// tensor, whose shape the variable takes. Default-made or None: not given.
class Initializer {
 public:
  using Function = std::function<Tensor(const Shape&, DType)>;

  Initializer() = default;
  Initializer(NoneType) {}                             // NOLINT
  Initializer(const Tensor& value) : value_(value) {}  // NOLINT
  Initializer(detail::Recipe recipe)                   // NOLINT
      : recipe_(std::move(recipe)), has_recipe_(true) {}
  // ValueError for an unknown name.
  Initializer(const char* name) : Initializer(std::string_view(name)) {}  // NOLINT
  Initializer(std::string_view name);                                     // NOLINT
  template <detail::InitializerFunction F>
  requires(!std::derived_from<F, Initializer>) Initializer(F function)  // NOLINT
      : function_(std::make_shared<const Function>(std::move(function))) {}

  [[nodiscard]] bool given() const {
    return has_recipe_ || function_ != nullptr || value_.defined();
  }
  // The tensor that stands for an initializer, or null.
  [[nodiscard]] const Tensor* value() const { return value_.defined() ? &value_ : nullptr; }

  // The initial value. ValueError where none is given or the dtype has no such numbers.
  [[nodiscard]] Tensor operator()(const Shape& shape, DType dtype = DType::kFloat32) const;
  // TypeError in Python's words: a call without the shape.
  [[noreturn]] void throw_missing_shape() const;

 private:
  // At most one of the three.
  detail::Recipe recipe_;
  bool has_recipe_ = false;
  Tensor value_;
  std::shared_ptr<const Function> function_;
};

struct SeedArgs {
  std::optional<std::int64_t> seed = std::nullopt;
};
struct RandomNormalArgs {
  double mean = 0.0;
  double stddev = 0.05;
  std::optional<std::int64_t> seed = std::nullopt;
};
struct RandomUniformArgs {
  double minval = -0.05;
  double maxval = 0.05;
  std::optional<std::int64_t> seed = std::nullopt;
};

// Keras' initializers are stateless: an object without a seed draws one integer when it is first
// called and keeps it, so that it gives the same values for the same shape ever after.
class Zeros : public Initializer {
 public:
  Zeros();
};
class Ones : public Initializer {
 public:
  Ones();
};
class Constant : public Initializer {
 public:
  explicit Constant(double value = 0);
};
class RandomUniform : public Initializer {
 public:
  explicit RandomUniform(const RandomUniformArgs& args = {});
};
class RandomNormal : public Initializer {
 public:
  explicit RandomNormal(const RandomNormalArgs& args = {});
};
class TruncatedNormal : public Initializer {
 public:
  explicit TruncatedNormal(const RandomNormalArgs& args = {});
};

struct VarianceScalingArgs {
  double scale = 1.0;
  std::string_view mode = "fan_in";  // or "fan_out", "fan_avg"
  // Or "untruncated_normal", "uniform". "normal" is the truncated one.
  std::string_view distribution = "truncated_normal";
  std::optional<std::int64_t> seed = std::nullopt;
};

// Variance scale / n, n being the number of units that `mode` names. ValueError for a scale that is
// not positive and for unknown words.
class VarianceScaling : public Initializer {
 public:
  explicit VarianceScaling(const VarianceScalingArgs& args = {});
};
// Variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010).
class GlorotUniform : public Initializer {
 public:
  explicit GlorotUniform(const SeedArgs& args = {});
};
class GlorotNormal : public Initializer {
 public:
  explicit GlorotNormal(const SeedArgs& args = {});
};

// Variance 2 / fan_in (He et al. 2015).
class HeUniform : public Initializer {
 public:
  explicit HeUniform(const SeedArgs& args = {});
};
class HeNormal : public Initializer {
 public:
  explicit HeNormal(const SeedArgs& args = {});
};
// Variance 1 / fan_in (LeCun et al. 1998).
class LecunUniform : public Initializer {
 public:
  explicit LecunUniform(const SeedArgs& args = {});
};
class LecunNormal : public Initializer {
 public:
  explicit LecunNormal(const SeedArgs& args = {});
};

// What weights without an initializer get from Keras: glorot_uniform, which draws a seed of its own
// for each of them, or zeros for integers and bool.
[[nodiscard]] const Initializer& default_for(DType dtype);

}  // namespace keen::keras::initializers
