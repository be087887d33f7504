#include "kernels/detail/channel_bias.h"
#include "kernels/detail/gpu_choice.h"
#include "kernels/detail/product_gpu.h"
#include "kernels/fused_matmul.h"
#include "runtime/device/cuda/launch.h"

namespace keen::op {
namespace {

using device::cuda::Epilogue;
using device::cuda::Product;

// One call of the library where it does the whole, else the product and what follows it.
bool all_at_once(KernelContext& context, Product product, Epilogue epilogue, void* out,
                 const void* vector) {
  if (detail::gpu_choice() == detail::GpuChoice::kOwn) return false;
  product.epilogue = epilogue;
  return device::cuda::multiply(context.device(), product, context.in<void>(0), context.in<void>(1),
                                out, vector);
}

// out = product, which is zero where nothing is summed.
void multiply(KernelContext& context, const Product& product, void* out) {
  const TensorSpec& result = context.output(0);
  if (result.shape.num_elements() == 0) return;
  if (product.k == 0) {
    device::cuda::zero(context.device(), out, static_cast<std::size_t>(result.bytes()));
    return;
  }
  detail::product_gpu(context, product, context.in<void>(0), context.in<void>(1), out);
}

void matmul_bias(KernelContext& context, bool relu) {
  if (context.output(0).shape.num_elements() == 0) return;
  const Product product{.dtype = context.dtype(0),
                        .m = context.shape(0)[0],
                        .n = context.shape(1)[1],
                        .k = context.shape(0)[1]};
  void* out = context.out<void>(0);
  const void* bias = context.in<void>(2);
  const Epilogue epilogue = relu ? Epilogue::kBiasRelu : Epilogue::kBias;
  if (product.k != 0 && all_at_once(context, product, epilogue, out, bias)) return;
  multiply(context, product, out);
  detail::bias_gpu(context.device(), product.dtype, {product.m, product.n, 1}, out, bias, out,
                   relu);
}

}  // namespace

void matmul_bias_gpu(KernelContext& context) { matmul_bias(context, false); }

void matmul_bias_relu_gpu(KernelContext& context) { matmul_bias(context, true); }

void matmul_bias_grad_gpu(KernelContext& context) {
  const Product product{.dtype = context.dtype(0),
                        .transpose_a = true,
                        .m = context.shape(0)[1],
                        .n = context.shape(1)[1],
                        .k = context.shape(0)[0]};
  if (product.n == 0) return;
  void* out = context.out<void>(0);
  void* sums = context.out<void>(1);
  if (product.m != 0 && product.k != 0 &&
      all_at_once(context, product, Epilogue::kColumnSums, out, sums)) {
    return;
  }
  multiply(context, product, out);
  detail::channel_sums_gpu(context.device(), product.dtype, {product.k, product.n, 1},
                           context.in<void>(1), sums);
}

}  // namespace keen::op
