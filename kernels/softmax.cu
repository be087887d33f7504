#include "kernels/detail/softmax.cuh"
#include "kernels/softmax.h"

namespace keen::op {
namespace {

using detail::SoftmaxKind;

template <SoftmaxKind kKind>
void softmax_of(KernelContext& context) {
  const detail::AxisRows axis(context.shape(0), context.attrs<SoftmaxArgs>().axis);
  if (axis.size() == 0) return;
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() {
    detail::softmax_gpu_of<kKind, T, T>(
        context, axis,
        {.x = context.in<T>(0), .targets = nullptr, .loss = nullptr, .out = context.out<T>(0)});
  });
}

}  // namespace

void softmax_gpu(KernelContext& context) { softmax_of<SoftmaxKind::kSoftmax>(context); }
void log_softmax_gpu(KernelContext& context) { softmax_of<SoftmaxKind::kLogSoftmax>(context); }

}  // namespace keen::op
