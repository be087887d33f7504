#include "kernels/l2_loss.h"

#include "kernels/detail/reduce_loops.h"
#include "kernels/elementwise.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {

void l2_loss_gpu(op::KernelContext& context);  // reduce.cu: it shares the sums

namespace nn {
namespace {

using detail::Compute;
using detail::Floats;

void infer(op::InferContext& context) { context.set_output(0, context.dtype(0), Shape()); }

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
void l2_loss_of(op::KernelContext& context) {
  using Acc = Compute<T>;
  static_assert(sizeof(Squared<T>) == sizeof(T));
  Acc sum = 0;
  const detail::ReduceExtents all{
      .outer = 1, .reduced = context.shape(0).num_elements(), .inner = 1};
  detail::reduce_extents<detail::SumReducer>(context.in<Squared<T>>(0), &sum, all, context);
  *context.out<T>(0) = static_cast<T>(sum / 2);
}

void l2_loss_cpu(op::KernelContext& context) {
  Floats::visit(context.dtype(0), [&]<class T>() { l2_loss_of<T>(context); });
}

void gradient(op::GradientContext& context) {
  context.set_input_gradient(0, context.input(0) * context.output_gradient(0));
}

constinit const op::Op kL2Loss{.name = "L2Loss",
                               .inputs = {{"t"}},
                               .dtypes = Floats::kSet,
                               .gradient_reads = {.inputs = op::reads(0)},
                               .infer = infer,
                               .gradient = gradient,
                               .cpu = l2_loss_cpu,
                               .gpu = KEEN_GPU_KERNEL(l2_loss_gpu)};
KEEN_OP(kL2Loss);

}  // namespace

Tensor l2_loss(const Tensor& t) { return op::execute(kL2Loss, {t}); }

}  // namespace nn
}  // namespace keen
