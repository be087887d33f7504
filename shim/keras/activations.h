// Activations of layers (tf.keras.activations).
#pragma once

#include <concepts>
#include <functional>
#include <string_view>

#include "runtime/tensor/tensor.h"
#include "shim/none.h"

namespace keen::keras::activations {

// A function of a tensor: any, or one by name ("linear", "relu", "sigmoid", "softmax", "softplus",
// "tanh"). Default-made or None: none, the linear one.
class Activation {
 public:
  Activation() = default;
  Activation(NoneType) {}  // NOLINT
  // ValueError for an unknown name.
  Activation(const char* name) : Activation(std::string_view(name)) {}  // NOLINT
  Activation(std::string_view name);                                    // NOLINT
  template <class F>
  requires(std::is_invocable_r_v<Tensor, const F&, const Tensor&> &&
           !std::derived_from<F, Activation>) Activation(F function)  // NOLINT
      : library_only_(false) {
    if constexpr (std::is_same_v<F, Tensor (*)(const Tensor&)>) {
      library_only_ = is_library(function);
      relu_ = is_relu(function);
    }
    function_ = std::move(function);
  }

  // Whether it is known to call nothing but the library's ops: no code of the user's.
  [[nodiscard]] bool library_only() const { return library_only_; }
  [[nodiscard]] bool given() const { return static_cast<bool>(function_); }
  // Whether it is ReLU, which some ops compute along with their own work.
  [[nodiscard]] bool relu() const { return relu_; }
  // The tensor itself where there is none.
  [[nodiscard]] Tensor operator()(const Tensor& x) const { return given() ? function_(x) : x; }

 private:
  [[nodiscard]] static bool is_library(Tensor (*function)(const Tensor&));
  [[nodiscard]] static bool is_relu(Tensor (*function)(const Tensor&));

  std::function<Tensor(const Tensor&)> function_;
  bool library_only_ = true;
  bool relu_ = false;
};

}  // namespace keen::keras::activations
