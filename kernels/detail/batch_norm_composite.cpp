#include "kernels/detail/batch_norm_composite.h"

#include <vector>

#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "runtime/autodiff/tape.h"

namespace keen::detail {
namespace {

// All axes but the last, the channels.
Axes rows_of(const Tensor& x) {
  Ints axes;
  for (int i = 0; i + 1 < x.rank(); ++i) axes.push_back(i);
  return axes;
}

}  // namespace

std::array<Tensor, 3> batch_norm_gradients(const BatchNormGradInputs& inputs,
                                           const FusedBatchNormArgs& args) {
  const Axes rows = rows_of(inputs.x);
  const auto sum = [&](const Tensor& value) { return reduce_sum(value, {.axis = rows}); };
  const auto mean = [&](const Tensor& value) { return reduce_mean(value, {.axis = rows}); };
  const Tensor centre = args.is_training ? mean(inputs.x) : inputs.mean;
  const Tensor centred = inputs.x - centre;
  const Tensor variance = args.is_training ? mean(square(centred)) : inputs.variance;
  const Tensor inverse = rsqrt(variance + args.epsilon);
  const Tensor factor = inputs.scale * inverse;
  Tensor dy = inputs.dy;
  if (inputs.offset.defined()) {
    // The rectifier's edge has no gradient of its own.
    const Tensor passed = centred * factor + inputs.offset > 0.0;
    dy = dy * cast(passed, dy.dtype());
  }
  const Tensor dscale = sum(dy * centred) * inverse;
  const Tensor doffset = sum(dy);
  if (!args.is_training) return {dy * factor, dscale, doffset};
  const Tensor slope = square(inverse) * mean(dy * centred);
  return {factor * (dy - mean(dy) - centred * slope), dscale, doffset};
}

std::array<Tensor, 3> batch_norm_second_gradients(const BatchNormGradInputs& inputs,
                                                  const FusedBatchNormArgs& args,
                                                  const std::array<Tensor, 3>& gradients) {
  GradientTape tape;
  const std::vector<Source> sources{inputs.dy, inputs.x, inputs.scale};
  for (const Source& source : sources) tape.watch(source.tensor());
  const auto results = batch_norm_gradients(inputs, args);
  std::vector<Tensor> targets;
  std::vector<Tensor> weights;
  for (std::size_t i = 0; i < 3; ++i) {
    if (!gradients[i].defined()) continue;
    targets.push_back(results[i]);
    weights.push_back(gradients[i]);
  }
  const auto second = tape.gradient(targets, sources, {.output_gradients = weights});
  return {second[0], second[1], second[2]};
}

}  // namespace keen::detail
