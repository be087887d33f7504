#include "shim/keras/regularizers.h"

#include "kernels/elementwise.h"
#include "kernels/l2_loss.h"
#include "kernels/reduce.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/constant.h"

namespace keen::keras::regularizers {
namespace {

// Keras' l1 and l2 by name weigh with this.
constexpr double kDefaultWeight = 0.01;

L1L2Args named(std::string_view name) {
  if (name == "l2" || name == "L2") return {.l2 = kDefaultWeight};
  if (name == "l1" || name == "L1") return {.l1 = kDefaultWeight};
  if (name == "l1_l2") return {.l1 = kDefaultWeight, .l2 = kDefaultWeight};
  throw ValueError(text("regularizers: unknown regularizer '", name, "'"));
}

Tensor loss_of(const L1L2Args& args, const Tensor& x) {
  Tensor loss;
  if (args.l1 != 0) loss = args.l1 * reduce_sum(abs(x));
  if (args.l2 != 0) {
    // l2 * sum(x * x), bit for bit, in one pass over the weights: both factors of two are exact.
    const Tensor squares = nn::weighted_l2_loss(x, 2 * args.l2);
    loss = loss.defined() ? loss + squares : squares;
  }
  return loss.defined() ? loss : scalar_like(0.0, x.dtype());
}

}  // namespace

Regularizer::Regularizer(std::string_view name) : Regularizer(named(name)) {}

Tensor Regularizer::operator()(const Tensor& x) const {
  if (has_args_) return loss_of(args_, x);
  if (function_ != nullptr) return (*function_)(x);
  throw ValueError("regularizers: no regularizer was given");
}

}  // namespace keen::keras::regularizers
