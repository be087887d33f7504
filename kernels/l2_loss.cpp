#include "kernels/l2_loss.h"

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/reduce_loops.h"
#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

void l2_loss_gpu(KernelContext& context);       // reduce.cu: it shares the sums
void l2_loss_grad_gpu(KernelContext& context);  // l2_loss.cu

namespace {

using detail::Compute;
using detail::Floats;

// ---- L2Loss ----

void infer_l2_loss(InferContext& context) { context.set_output(0, context.dtype(0), Shape()); }

// An element seen as its square.
template <class T>
struct Squared {
  T value;
  explicit operator Compute<T>() const {
    const auto x = static_cast<Compute<T>>(value);
    return x * x;
  }
};

template <class T>
void l2_loss_of(KernelContext& context) {
  using Acc = Compute<T>;
  static_assert(sizeof(Squared<T>) == sizeof(T));
  Acc sum = 0;
  const detail::ReduceExtents all{
      .outer = 1, .reduced = context.shape(0).num_elements(), .inner = 1};
  detail::reduce_extents<detail::SumReducer>(context.in<Squared<T>>(0), &sum, all, context);
  *context.out<T>(0) =
      static_cast<T>(sum / 2 * static_cast<Acc>(context.attrs<L2LossArgs>().weight));
}

void l2_loss_cpu(KernelContext& context) {
  Floats::visit(context.dtype(0), [&]<class T>() { l2_loss_of<T>(context); });
}

void l2_loss_gradient(GradientContext& context) {
  context.set_input_gradient(0, execute(kL2LossGrad, {context.input(0), context.output_gradient(0)},
                                        context.attrs<L2LossArgs>()));
}

// ---- _L2LossGrad: weight * dy * t ----

void infer_l2_loss_grad(InferContext& context) {
  const Shape& dy = context.shape(1);
  if (dy.has_rank() && dy.rank() != 0) {
    throw InvalidArgumentError(
        text(context.op_name(), ": the gradient of a loss must be a scalar: ", brackets(dy)));
  }
  context.set_output(0, context.input(0));
}

template <class T>
void l2_loss_grad_of(KernelContext& context) {
  const T* t = context.in<T>(0);
  T* out = context.out<T>(0);
  const Compute<T> factor = static_cast<Compute<T>>(*context.in<T>(1)) *
                            static_cast<Compute<T>>(context.attrs<L2LossArgs>().weight);
  device::cpu::parallel_for(context.threads(), context.shape(0).num_elements(),
                            detail::kElementwiseGrain, [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t i = begin; i < end; ++i) {
                                out[i] = static_cast<T>(static_cast<Compute<T>>(t[i]) * factor);
                              }
                            });
}

void l2_loss_grad_cpu(KernelContext& context) {
  Floats::visit(context.dtype(0), [&]<class T>() { l2_loss_grad_of<T>(context); });
}

void l2_loss_grad_gradient(GradientContext& context) {
  const Tensor& gradient = context.output_gradient(0);
  const L2LossArgs& args = context.attrs<L2LossArgs>();
  context.set_input_gradient(0, execute(kL2LossGrad, {gradient, context.input(1)}, args));
  context.set_input_gradient(1, reduce_sum(gradient * context.input(0)) * args.weight);
}

}  // namespace

constinit const Op kL2Loss{.name = "L2Loss",
                           .inputs = {{"t"}},
                           .dtypes = Floats::kSet,
                           .gradient_reads = {.inputs = reads(0)},
                           .infer = infer_l2_loss,
                           .gradient = l2_loss_gradient,
                           .cpu = l2_loss_cpu,
                           .gpu = KEEN_GPU_KERNEL(l2_loss_gpu)};
KEEN_OP(kL2Loss);

constinit const Op kL2LossGrad{.name = "_L2LossGrad",
                               .inputs = {{"t"}, {"dy"}},
                               .dtypes = Floats::kSet,
                               .gradient_reads = {.inputs = reads(0, 1)},
                               .infer = infer_l2_loss_grad,
                               .gradient = l2_loss_grad_gradient,
                               .cpu = l2_loss_grad_cpu,
                               .gpu = KEEN_GPU_KERNEL(l2_loss_grad_gpu)};
KEEN_OP(kL2LossGrad);

}  // namespace op

namespace nn {

Tensor l2_loss(const Tensor& t) { return op::execute(op::kL2Loss, {t}, op::L2LossArgs{}); }

Tensor weighted_l2_loss(const Tensor& t, double weight) {
  return op::execute(op::kL2Loss, {t}, op::L2LossArgs{.weight = weight});
}

}  // namespace nn
}  // namespace keen
