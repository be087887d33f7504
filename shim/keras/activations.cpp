#include "shim/keras/activations.h"

#include <algorithm>
#include <iterator>

#include "kernels/activations.h"
#include "kernels/elementwise.h"
#include "kernels/softmax.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::keras::activations {
namespace {

using Function = Tensor (*)(const Tensor&);

Function named(std::string_view name) {
  if (name == "relu") return [](const Tensor& x) { return nn::relu(x); };
  if (name == "sigmoid") return [](const Tensor& x) { return sigmoid(x); };
  if (name == "softmax") return [](const Tensor& x) { return nn::softmax(x); };
  if (name == "softplus") return [](const Tensor& x) { return nn::softplus(x); };
  if (name == "tanh") return [](const Tensor& x) { return tanh(x); };
  if (name == "linear") return nullptr;
  throw ValueError(text("activations: unknown activation '", name, "'"));
}

}  // namespace

bool Activation::is_library(Function function) {
  constexpr Function kLibrary[] = {nn::relu, nn::softplus, sigmoid, tanh};
  return std::ranges::find(kLibrary, function) != std::end(kLibrary);
}

bool Activation::is_relu(Function function) { return function == nn::relu; }

Activation::Activation(std::string_view name) : relu_(name == "relu") {
  if (const Function function = named(name)) function_ = function;
}

}  // namespace keen::keras::activations
