#include <cstdint>

#include "kernels/detail/softmax.cuh"
#include "kernels/softmax_cross_entropy.h"

namespace keen::op {
namespace {

using detail::SoftmaxKind;

template <SoftmaxKind kKind, class T, class Target>
void cross_entropy_of(KernelContext& context, int axis) {
  detail::softmax_gpu_of<kKind, T, Target>(context, detail::AxisRows(context.shape(0), axis),
                                           {.x = context.in<T>(0),
                                            .targets = context.in<Target>(1),
                                            .loss = context.out<T>(0),
                                            .out = context.out<T>(1)});
}

}  // namespace

void softmax_cross_entropy_gpu(KernelContext& context) {
  const int axis = context.attrs<SoftmaxCrossEntropyArgs>().axis;
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() {
    cross_entropy_of<SoftmaxKind::kCrossEntropy, T, T>(context, axis);
  });
}

// A label out of range makes its row nan, as TensorFlow's kernel for GPUs does: finding it on the
// host would mean waiting.
void sparse_softmax_cross_entropy_gpu(KernelContext& context) {
  visit_dtype<std::int32_t, std::int64_t>(context.dtype(1), [&]<class Label>() {
    visit_dtype<float, double>(context.dtype(0), [&]<class T>() {
      cross_entropy_of<SoftmaxKind::kSparseCrossEntropy, T, Label>(context, -1);
    });
  });
}

}  // namespace keen::op
