#include "kernels/matmul.h"

#include <algorithm>

#include "kernels/detail/gemm.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace op {

void matmul_gpu(KernelContext& context);        // matmul.cu
void batch_matmul_gpu(KernelContext& context);  // matmul.cu

namespace {

using detail::GemmShape;

// Multiplications that are worth a thread when a batch of small products is cut.
constexpr std::int64_t kGrain = 64 * 1024;

struct MatrixDims {
  MatrixDims(const Shape& a, const Shape& b, const MatMulArgs& args)
      : m(a[args.transpose_a ? -1 : -2]),
        k(a[args.transpose_a ? -2 : -1]),
        b_k(b[args.transpose_b ? -1 : -2]),
        n(b[args.transpose_b ? -2 : -1]) {}
  [[nodiscard]] bool fits() const { return k < 0 || b_k < 0 || k == b_k; }
  std::int64_t m, k, b_k, n;
};

void check_ranks(const InferContext& context) {
  for (int i = 0; i < 2; ++i) {
    if (context.shape(i).has_rank() && context.shape(i).rank() < 2) {
      throw InvalidArgumentError(text(context.op_name(), ": In[", i, "] ndims must be >= 2, got ",
                                      brackets(context.shape(i))));
    }
  }
}

[[noreturn]] void throw_incompatible(const InferContext& context, const MatMulArgs& args) {
  throw InvalidArgumentError(
      text(context.op_name(), ": Matrix size-incompatible: In[0]: ", brackets(context.shape(0)),
           args.transpose_a ? " transposed" : "", ", In[1]: ", brackets(context.shape(1)),
           args.transpose_b ? " transposed" : ""));
}

void infer_matmul(InferContext& context) {
  check_ranks(context);
  const auto& args = context.attrs<MatMulArgs>();
  Shape result({-1, -1});
  if (context.shape(0).has_rank() && context.shape(1).has_rank()) {
    if (context.shape(0).rank() != 2 || context.shape(1).rank() != 2) {
      throw_incompatible(context, args);
    }
    const MatrixDims dims(context.shape(0), context.shape(1), args);
    if (!dims.fits()) throw_incompatible(context, args);
    result = Shape({dims.m, dims.n});
  }
  context.set_output(0, context.dtype(0), result);
}

// The dimensions before the last two.
Shape batch_of(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<std::size_t>(shape.rank() - 2)));
}

void infer_batch_matmul(InferContext& context) {
  check_ranks(context);
  const auto& args = context.attrs<BatchMatMulArgs>();
  const Shape& a = context.shape(0);
  const Shape& b = context.shape(1);
  if (!a.has_rank() || !b.has_rank()) {
    context.set_output(0, context.dtype(0), Shape::unknown());
    return;
  }
  const MatrixDims dims(a, b, args.product);
  if (!dims.fits()) throw_incompatible(context, args.product);
  Shape result;
  if (!broadcast_shapes(batch_of(a), batch_of(b), &result)) {
    throw InvalidArgumentError(text(
        context.op_name(), ": In[0] and In[1] must have compatible batch dimensions: ", brackets(a),
        " vs. ", brackets(b)));
  }
  if (args.batch.has_rank()) {
    Shape back;
    if (!broadcast_shapes(args.batch, result, &back) || !back.is_compatible_with(result)) {
      throw InvalidArgumentError(text(context.op_name(), ": batch dimensions ", brackets(result),
                                      " can't be summed to ", brackets(args.batch)));
    }
    result = args.batch;
  }
  result.push_back(dims.m);
  result.push_back(dims.n);
  context.set_output(0, context.dtype(0), result);
}

GemmShape gemm_shape(const Shape& a, const Shape& b, const MatMulArgs& args) {
  const MatrixDims dims(a, b, args);
  return GemmShape::dense(dims.m, dims.n, dims.k, args.transpose_a, args.transpose_b);
}

template <class T>
void matmul_of(KernelContext& context) {
  const auto& args = context.attrs<MatMulArgs>();
  const GemmShape shape = gemm_shape(context.shape(0), context.shape(1), args);
  detail::gemm(context.device_context(), shape, context.in<T>(0), context.in<T>(1),
               context.out<T>(0));
}

void matmul_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    matmul_of<float>(context);
  } else {
    matmul_of<double>(context);
  }
}

// Which matrix of a tensor belongs to a place in the broadcast batch: dimensions of 1 stand still.
class BatchIndex {
 public:
  BatchIndex(const Shape& batch, const Shape& broadcast) : dims_(broadcast) {
    std::int64_t stride = 1;
    const int offset = broadcast.rank() - batch.rank();
    for (int i = broadcast.rank() - 1; i >= offset; --i) {
      const std::int64_t dim = batch.dim(i - offset);
      strides_[i] = dim == 1 ? 0 : stride;
      stride *= dim;
    }
  }
  [[nodiscard]] std::int64_t operator()(std::int64_t index) const {
    std::int64_t at = 0;
    for (int i = dims_.rank() - 1; i >= 0; --i) {
      at += index % dims_.dim(i) * strides_[i];
      index /= dims_.dim(i);
    }
    return at;
  }

 private:
  Shape dims_;
  std::int64_t strides_[Shape::kMaxRank] = {};
};

template <class T>
void batch_matmul_of(KernelContext& context) {
  const Shape& result = context.output(0).shape;
  GemmShape shape =
      gemm_shape(context.shape(0), context.shape(1), context.attrs<BatchMatMulArgs>().product);
  Shape batch;
  static_cast<void>(
      broadcast_shapes(batch_of(context.shape(0)), batch_of(context.shape(1)), &batch));
  const BatchIndex a_index(batch_of(context.shape(0)), batch);
  const BatchIndex b_index(batch_of(context.shape(1)), batch);
  const BatchIndex out_index(batch_of(result), batch);
  const T* a = context.in<T>(0);
  const T* b = context.in<T>(1);
  T* out = context.out<T>(0);
  auto& device = context.device_context();
  const auto a_at = [&](std::int64_t i) { return a + a_index(i) * shape.m * shape.k; };
  const auto b_at = [&](std::int64_t i) { return b + b_index(i) * shape.k * shape.n; };
  const auto out_at = [&](std::int64_t i) { return out + out_index(i) * shape.m * shape.n; };
  const std::int64_t count = batch.num_elements();
  const bool summed = !(batch_of(result) == batch);
  const std::int64_t work = std::max<std::int64_t>(1, shape.m * shape.n * shape.k);
  if (summed || work >= kGrain) {
    if (summed) std::fill_n(out, result.num_elements(), T{0});
    shape.accumulate = summed;
    for (std::int64_t i = 0; i < count; ++i) {
      detail::gemm(device, shape, a_at(i), b_at(i), out_at(i));
    }
    return;
  }
  device::cpu::parallel_for(context.threads(), count, 1 + kGrain / work,
                            [&](std::int64_t begin, std::int64_t end) {
                              for (std::int64_t i = begin; i < end; ++i) {
                                detail::gemm_serial(shape, a_at(i), b_at(i), out_at(i));
                              }
                            });
}

void batch_matmul_cpu(KernelContext& context) {
  if (context.dtype(0) == DType::kFloat32) {
    batch_matmul_of<float>(context);
  } else {
    batch_matmul_of<double>(context);
  }
}

// Sets the gradients of both inputs. With A = op(a), B = op(b): dA = dC B', dB = A' dC, and the
// transposes of those where an input was transposed. `multiply(x, y, args, i)` makes the gradient
// of input i.
template <class Multiply>
void product_gradients(GradientContext& context, MatMulArgs args, Multiply&& multiply) {
  const auto [ta, tb] = args;
  const Tensor& g = context.output_gradient(0);
  if (context.needs(0)) {
    const Tensor& b = context.input(1);
    context.set_input_gradient(0, ta ? multiply(b, g, MatMulArgs{tb, true}, 0)
                                     : multiply(g, b, MatMulArgs{false, !tb}, 0));
  }
  if (context.needs(1)) {
    const Tensor& a = context.input(0);
    context.set_input_gradient(1, tb ? multiply(g, a, MatMulArgs{true, ta}, 1)
                                     : multiply(a, g, MatMulArgs{!ta, false}, 1));
  }
}

void matmul_gradient(GradientContext& context) {
  product_gradients(context, context.attrs<MatMulArgs>(),
                    [](const Tensor& x, const Tensor& y, MatMulArgs args, int) -> Tensor {
                      return execute(kMatMul, {x, y}, args);
                    });
}

void batch_matmul_gradient(GradientContext& context) {
  product_gradients(context, context.attrs<BatchMatMulArgs>().product,
                    [&](const Tensor& x, const Tensor& y, MatMulArgs args, int i) -> Tensor {
                      const BatchMatMulArgs all{args, batch_of(context.shape(i))};
                      return execute(kBatchMatMulV2, {x, y}, all);
                    });
}

bool transposes(const char* side, bool transpose, bool adjoint) {
  if (transpose && adjoint) {
    throw ValueError(
        text("matmul: Only one of transpose_", side, " and adjoint_", side, " can be True."));
  }
  return transpose || adjoint;
}

}  // namespace

constinit const Op kMatMul{.name = "MatMul",
                           .inputs = {{"a"}, {"b"}},
                           .dtypes = kFloat32And64,
                           .gpu_dtypes = kFloatingTypes,
                           .gradient_reads = {.inputs = reads(0, 1)},
                           .infer = infer_matmul,
                           .gradient = matmul_gradient,
                           .cpu = matmul_cpu,
                           .gpu = KEEN_GPU_KERNEL(matmul_gpu)};
KEEN_OP(kMatMul);

constinit const Op kBatchMatMulV2{.name = "BatchMatMulV2",
                                  .inputs = {{"x"}, {"y"}},
                                  .dtypes = kFloat32And64,
                                  .gpu_dtypes = kFloatingTypes,
                                  .gradient_reads = {.inputs = reads(0, 1)},
                                  .infer = infer_batch_matmul,
                                  .gradient = batch_matmul_gradient,
                                  .cpu = batch_matmul_cpu,
                                  .gpu = KEEN_GPU_KERNEL(batch_matmul_gpu)};
KEEN_OP(kBatchMatMulV2);

}  // namespace op

Tensor matmul(const Tensor& a, const Tensor& b, const MatmulArgs& args) {
  const op::MatMulArgs product{op::transposes("a", args.transpose_a, args.adjoint_a),
                               op::transposes("b", args.transpose_b, args.adjoint_b)};
  if (a.rank() <= 2 && b.rank() <= 2) return op::execute(op::kMatMul, {a, b}, product);
  return op::execute(op::kBatchMatMulV2, {a, b}, op::BatchMatMulArgs{.product = product});
}

}  // namespace keen
