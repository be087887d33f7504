// Gradients as functions of their own, for cases of second gradients.
#pragma once

#include <utility>
#include <vector>

#include "runtime/autodiff/tape.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {

// The call that gives the gradient of the first output of `call`, weighted by some numbers, with
// respect to input i.
[[nodiscard]] inline OpCall tape_gradient(OpCall call, std::size_t i) {
  return [call = std::move(call), i](const std::vector<Tensor>& inputs) {
    GradientTape tape;
    tape.watch(inputs[i]);
    const Tensor value = call(inputs)[0];
    return tape.gradient(value, inputs[i],
                         {.output_gradients = {arbitrary(value.spec(), 77)},
                          .unconnected_gradients = UnconnectedGradients::kZero});
  };
}

}  // namespace keen::test
