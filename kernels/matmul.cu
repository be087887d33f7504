#include "kernels/detail/batch_product.h"
#include "kernels/detail/compute_type.h"
#include "kernels/detail/gpu_choice.h"
#include "kernels/detail/product_gpu.h"
#include "kernels/detail/tiled_product.cuh"
#include "kernels/matmul.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {
namespace op {
namespace {

using device::cuda::Product;

// ---- The own kernel, for what the library does not do ----

template <class T>
__global__ void __launch_bounds__(detail::kProductBlock)
    product_kernel(const T* a, const T* b, T* out, const __grid_constant__ Product p,
                   std::int64_t row_tiles, std::int64_t column_tiles) {
  using Sum = detail::Compute<T>;
  using Operand = detail::MatrixOperand<T, std::int64_t, true>;
  std::int64_t tile = blockIdx.x;
  const std::int64_t column_tile = tile % column_tiles;
  tile /= column_tiles;
  const std::int64_t row_tile = tile % row_tiles;
  const std::int64_t instance = tile / row_tiles;
  const Operand rows{a + instance * p.a_stride, p.m, p.k, p.transpose_a ? 1 : p.k,
                     p.transpose_a ? p.m : 1};
  const Operand columns{b + instance * p.b_stride, p.n, p.k, p.transpose_b ? p.k : 1,
                        p.transpose_b ? 1 : p.n};
  T* const to = out + instance * p.out_stride;
  detail::tiled_product(rows, columns, row_tile * detail::kProductTile,
                        column_tile * detail::kProductTile, std::int64_t{0}, p.k, Sum{},
                        [&](std::int64_t row, std::int64_t column, Sum sum) {
                          if (row >= p.m || column >= p.n) return;
                          T& place = to[row * p.n + column];
                          if (p.accumulate) sum += static_cast<Sum>(place);
                          place = static_cast<T>(sum);
                        });
}

template <class T>
void own_product(Device device, const Product& p, const T* a, const T* b, T* out) {
  const std::int64_t row_tiles = detail::product_tiles(p.m);
  const std::int64_t column_tiles = detail::product_tiles(p.n);
  device::cuda::launch<product_kernel<T>>(
      device, {.grid = row_tiles * column_tiles * p.batch, .block = detail::kProductBlock}, a, b,
      out, p, row_tiles, column_tiles);
}

// ---- The calls of a batch ----

// Loops over the dimensions that one call does not cover. The first of the products that fall on
// the same place is written, the others are added.
template <class T>
class Loops {
 public:
  Loops(KernelContext& context, const detail::BatchProduct& batch, const Product& product)
      : context_(context), batch_(batch), product_(product) {}

  void run(int dim, const T* a, const T* b, T* out, bool accumulate) {
    if (dim == batch_.rank) {
      product_.accumulate = accumulate;
      detail::product_gpu(context_, product_, a, b, out);
      return;
    }
    const auto& d = batch_.dims[static_cast<std::size_t>(dim)];
    for (std::int64_t i = 0; i < d.size; ++i) {
      run(dim + 1, a + i * d.a, b + i * d.b, out + i * d.out, accumulate || (d.out == 0 && i != 0));
    }
  }

 private:
  KernelContext& context_;
  const detail::BatchProduct& batch_;
  Product product_;
};

template <class T>
void run(KernelContext& context, detail::BatchProduct batch) {
  batch.simplify();
  const auto inner = batch.take_batch();
  const Product product{.dtype = context.dtype(0),
                        .transpose_a = batch.transpose_a,
                        .transpose_b = batch.transpose_b,
                        .m = batch.m,
                        .n = batch.n,
                        .k = batch.k,
                        .batch = inner.size,
                        .a_stride = inner.a,
                        .b_stride = inner.b,
                        .out_stride = inner.out};
  Loops<T>(context, batch, product)
      .run(0, context.in<T>(0), context.in<T>(1), context.out<T>(0), false);
}

Shape batch_of(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<std::size_t>(shape.rank() - 2)));
}

void multiply(KernelContext& context, const MatMulArgs& args) {
  const Shape& a = context.shape(0);
  const Shape& b = context.shape(1);
  const TensorSpec& result = context.output(0);
  if (result.shape.num_elements() == 0) return;
  detail::BatchProduct batch{.transpose_a = args.transpose_a,
                             .transpose_b = args.transpose_b,
                             .m = result.shape[-2],
                             .n = result.shape[-1],
                             .k = a[args.transpose_a ? -2 : -1]};
  Shape all;
  static_cast<void>(broadcast_shapes(batch_of(a), batch_of(b), &all));
  if (batch.k == 0 || all.num_elements() == 0) {
    device::cuda::zero(context.device(), context.out<void>(0),
                       static_cast<std::size_t>(result.bytes()));
    return;
  }
  batch.set_batch(batch_of(a), batch_of(b), batch_of(result.shape), all);
  visit_dtype<float, double, half, bfloat16>(context.dtype(0),
                                             [&]<class T>() { run<T>(context, batch); });
}

}  // namespace
}  // namespace op

void detail::product_gpu(op::KernelContext& context, const device::cuda::Product& p, const void* a,
                         const void* b, void* out) {
  const auto choice = gpu_choice();
  if (choice != GpuChoice::kOwn && device::cuda::multiply(context.device(), p, a, b, out)) return;
  if (choice == GpuChoice::kLibrary) {
    throw UnimplementedError(text(context.op_name(), ": cuBLASLt does not do this product of ",
                                  p.dtype, " matrices on ", context.device()));
  }
  visit_dtype<float, double, half, bfloat16>(p.dtype, [&]<class T>() {
    op::own_product(context.device(), p, static_cast<const T*>(a), static_cast<const T*>(b),
                    static_cast<T*>(out));
  });
}

namespace op {

void matmul_gpu(KernelContext& context) { multiply(context, context.attrs<MatMulArgs>()); }

void batch_matmul_gpu(KernelContext& context) {
  multiply(context, context.attrs<BatchMatMulArgs>().product);
}

}  // namespace op
}  // namespace keen
