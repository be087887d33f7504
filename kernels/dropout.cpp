#include "kernels/dropout.h"

#include "kernels/elementwise.h"
#include "kernels/random.h"
#include "kernels/random_seed.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/constant.h"

namespace keen::nn {
namespace {

Shape mask_shape(const Shape& x, const std::optional<Shape>& noise_shape) {
  if (!noise_shape) {
    return x;
  }
  Shape shape = *noise_shape;
  for (int i = 0; i < shape.rank() && shape.rank() == x.rank(); ++i) {
    if (shape.dim(i) < 0) {
      shape.set_dim(i, x.dim(i));
    }
  }
  return shape;
}

}  // namespace

Tensor dropout(const Tensor& x, double rate, const DropoutArgs& args) {
  if (!(rate >= 0 && rate < 1)) {
    throw ValueError(
        text("nn.dropout: `rate` must be a scalar tensor or a float in the range "
             "[0, 1). Received: rate=",
             rate));
  }
  if (!is_floating(x.dtype())) {
    throw ValueError(
        text("nn.dropout: `x.dtype` must be a floating point tensor as `x` will be "
             "scaled. Received: x_dtype=",
             x.dtype()));
  }
  if (rate == 0) {
    static_cast<void>(random::get_seed(args.seed));
    return x;
  }
  const Tensor scaled = x * scalar_like(1 / (1 - rate), x.dtype());
  const Tensor drawn = random::uniform(mask_shape(x.shape(), args.noise_shape),
                                       {.dtype = x.dtype(), .seed = args.seed});
  return where(drawn >= scalar_like(rate, x.dtype()), scaled, scalar_like(0.0, x.dtype()));
}

}  // namespace keen::nn
