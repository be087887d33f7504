// Penalties on weights (tf.keras.regularizers).
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "runtime/tensor/tensor.h"
#include "shim/none.h"

namespace keen::keras::regularizers {

// l1 * sum(|x|) + l2 * sum(x * x)
struct L1L2Args {
  double l1 = 0.0;
  double l2 = 0.0;
};

namespace detail {
template <class F>
concept RegularizerFunction = std::is_invocable_r_v<Tensor, const F&, const Tensor&>;
}  // namespace detail

// A loss of one variable: L1, L2, L1L2, the name "l1", "l2" or "l1_l2" (with 0.01), or any function
// from a tensor to a scalar, or to an undefined tensor for "no loss". Default-made or None: not
// given.
class Regularizer {
 public:
  using Function = std::function<Tensor(const Tensor&)>;

  Regularizer() = default;
  Regularizer(NoneType) {}                                             // NOLINT
  Regularizer(const L1L2Args& args) : args_(args), has_args_(true) {}  // NOLINT
  // ValueError for an unknown name.
  Regularizer(const char* name) : Regularizer(std::string_view(name)) {}  // NOLINT
  Regularizer(std::string_view name);                                     // NOLINT
  template <detail::RegularizerFunction F>
  requires(!std::derived_from<F, Regularizer>) Regularizer(F function)  // NOLINT
      : function_(std::make_shared<const Function>(std::move(function))) {}

  [[nodiscard]] bool given() const { return has_args_ || function_ != nullptr; }
  // The loss. ValueError where none is given.
  [[nodiscard]] Tensor operator()(const Tensor& x) const;

 private:
  L1L2Args args_;
  bool has_args_ = false;
  std::shared_ptr<const Function> function_;
};

class L1 : public Regularizer {
 public:
  explicit L1(double l1 = 0.01) : Regularizer(L1L2Args{.l1 = l1}) {}
};
class L2 : public Regularizer {
 public:
  explicit L2(double l2 = 0.01) : Regularizer(L1L2Args{.l2 = l2}) {}
};
class L1L2 : public Regularizer {
 public:
  explicit L1L2(const L1L2Args& args = {}) : Regularizer(args) {}
};

// TensorFlow's functions of these names.
[[nodiscard]] inline Regularizer l1(double l = 0.01) { return L1(l); }
[[nodiscard]] inline Regularizer l2(double l = 0.01) { return L2(l); }
[[nodiscard]] inline Regularizer l1_l2(const L1L2Args& args = {.l1 = 0.01, .l2 = 0.01}) {
  return L1L2(args);
}

}  // namespace keen::keras::regularizers
