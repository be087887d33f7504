#include "kernels/bias_add.h"
#include "kernels/detail/channel_bias.h"

namespace keen::op {

void bias_add_gpu(KernelContext& context) {
  detail::bias_gpu(
      context.device(), context.dtype(0),
      detail::channel_layout(context.shape(0), context.attrs<BiasAddArgs>().data_format),
      context.in<void>(0), context.in<void>(1), context.out<void>(0));
}

void bias_add_grad_gpu(KernelContext& context) {
  detail::channel_sums_gpu(
      context.device(), context.dtype(0),
      detail::channel_layout(context.shape(0), context.attrs<BiasAddArgs>().data_format),
      context.in<void>(0), context.out<void>(0));
}

}  // namespace keen::op
