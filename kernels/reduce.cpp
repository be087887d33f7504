#include "kernels/reduce.h"

#include <cstdint>

#include "kernels/broadcast_to.h"
#include "kernels/detail/reduce_loops.h"
#include "kernels/detail/unbroadcast.h"
#include "kernels/elementwise.h"
#include "kernels/mean_grad.h"
#include "kernels/reshape.h"
#include "kernels/scan.h"
#include "kernels/transpose.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {

std::uint32_t Axes::mask(int rank, const char* op_name) const {
  if (all_) return (std::uint32_t{1} << rank) - 1;
  std::uint32_t bits = 0;
  for (const std::int64_t axis : list_) {
    if (axis < -rank || axis >= rank) {
      throw InvalidArgumentError(text("Invalid reduction dimension (", axis, " for input with ",
                                      rank, " dimension(s) [Op:", op_name, "]"));
    }
    const std::uint32_t bit = std::uint32_t{1} << (axis < 0 ? axis + rank : axis);
    if ((bits & bit) != 0) {
      throw InvalidArgumentError(
          text("Invalid reduction arguments: Axes contains duplicate "
               "dimension: ",
               axis < 0 ? axis + rank : axis, " [Op:", op_name, "]"));
    }
    bits |= bit;
  }
  return bits;
}

void append_text(std::string& out, const Axes& axes) {
  if (axes.is_all()) {
    out += "None";
  } else {
    append_text(out, axes.list());
  }
}

// reduce.cu
void sum_gpu(op::KernelContext& context);
void mean_gpu(op::KernelContext& context);
void prod_gpu(op::KernelContext& context);
void all_gpu(op::KernelContext& context);
void any_gpu(op::KernelContext& context);
// reduce_extrema.cu
void max_gpu(op::KernelContext& context);
void min_gpu(op::KernelContext& context);

namespace {

using detail::AllReducer;
using detail::AnyReducer;
using detail::Compute;
using detail::MaxReducer;
using detail::MinReducer;
using detail::Numbers;
using detail::ReduceExtents;
using detail::SumReducer;
using op::GradientContext;
using op::InferContext;
using op::KernelContext;
using op::reads;

// ---- Shapes ----

Shape reduced_shape(const Shape& shape, std::uint32_t mask, bool keepdims) {
  std::int64_t dims[Shape::kMaxRank];
  std::size_t rank = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    if ((mask >> i & 1U) == 0) {
      dims[rank++] = shape.dim(i);
    } else if (keepdims) {
      dims[rank++] = 1;
    }
  }
  return Shape(std::span<const std::int64_t>(dims, rank));
}

void infer_reduce(InferContext& context) {
  const auto& args = context.attrs<ReduceArgs>();
  const Shape& shape = context.shape(0);
  if (!shape.has_rank()) {
    context.set_output(0, context.dtype(0),
                       args.axis.is_all() && !args.keepdims ? Shape() : Shape::unknown());
    return;
  }
  const std::uint32_t mask = args.axis.mask(shape.rank(), context.op_name());
  context.set_output(0, context.dtype(0), reduced_shape(shape, mask, args.keepdims));
}

// ---- Kernels ----

// Takes the innermost run of reduced axes off `shape` and `mask`: what remains to be reduced
// has that run as one axis of size 1 less. False where nothing is reduced any more.
bool take_innermost(Shape& shape, std::uint32_t& mask, ReduceExtents& extents) {
  int end = shape.rank();
  while (end > 0 && (mask >> (end - 1) & 1U) == 0) --end;
  if (end == 0) return false;
  int begin = end;
  while (begin > 0 && (mask >> (begin - 1) & 1U) != 0) --begin;
  extents = {};
  Shape rest;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i < begin) {
      extents.outer *= shape.dim(i);
      rest.push_back(shape.dim(i));
    } else if (i < end) {
      extents.reduced *= shape.dim(i);
    } else {
      extents.inner *= shape.dim(i);
      rest.push_back(shape.dim(i));
    }
  }
  shape = rest;
  mask &= (std::uint32_t{1} << begin) - 1;
  return true;
}

template <class Acc, class Out>
void finish(const Acc* from, Out* to, std::int64_t n, std::int64_t divisor) {
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (std::same_as<Acc, bool>) {
      to[i] = from[i];
    } else {
      to[i] = static_cast<Out>(divisor == 1 ? from[i] : detail::quotient(from[i], divisor));
    }
  }
}

// One pass per run of reduced axes, innermost first; between passes results are in Acc.
template <class R, class T>
void reduce_of(KernelContext& context, bool mean) {
  using Acc = Compute<T>;
  T* out = context.out<T>(0);
  const std::int64_t outputs = context.output(0).shape.num_elements();
  if (outputs == 0) return;
  const std::int64_t inputs = context.shape(0).num_elements();
  Shape shape = context.shape(0);
  std::uint32_t mask = context.attrs<ReduceArgs>().axis.mask(shape.rank(), context.op_name());
  // An axis of size 1 is as good as kept: fewer passes.
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape.dim(i) == 1) mask &= ~(std::uint32_t{1} << i);
  }
  ReduceExtents extents;
  RefPtr<Buffer> last;
  const Acc* partial = nullptr;
  while (take_innermost(shape, mask, extents)) {
    const std::int64_t n = extents.outer * extents.inner;
    RefPtr<Buffer> next;
    Acc* to = nullptr;
    if constexpr (std::same_as<T, Acc>) {
      if (n == outputs && mask == 0) to = out;
    }
    if (to == nullptr) {
      next = context.scratch(static_cast<std::size_t>(n) * sizeof(Acc));
      to = static_cast<Acc*>(next->data());
    }
    if (partial == nullptr) {
      detail::reduce_extents<R>(context.in<T>(0), to, extents, context);
    } else {
      detail::reduce_extents<R>(partial, to, extents, context);
    }
    partial = to;
    last = std::move(next);
  }
  if (partial == nullptr) {
    std::copy_n(context.in<T>(0), outputs, out);
    return;
  }
  if constexpr (std::same_as<T, Acc>) {
    if (!mean) return;
  }
  finish(partial, out, outputs, mean ? inputs / outputs : 1);
}

template <class R, bool kMean = false>
void reduce_cpu(KernelContext& context) {
  Numbers::visit(context.dtype(0), [&]<class T>() { reduce_of<R, T>(context, kMean); });
}

template <class R>
void reduce_bool_cpu(KernelContext& context) {
  reduce_of<R, bool>(context, false);
}

// ---- Gradients ----

// The shape of the result had the axes been kept.
Shape kept_shape(const GradientContext& context) {
  const Shape& shape = context.shape(0);
  const auto& args = context.attrs<ReduceArgs>();
  return reduced_shape(shape, args.axis.mask(shape.rank(), context.op_name()), true);
}

Tensor reshaped(const Tensor& tensor, const Shape& shape) {
  return tensor.shape() == shape ? tensor : reshape(tensor, shape);
}

void sum_gradient(GradientContext& context) {
  context.set_input_gradient(
      0, broadcast_to(reshaped(context.output_gradient(0), kept_shape(context)), context.shape(0)));
}

void mean_gradient(GradientContext& context) {
  const std::int64_t inputs = context.shape(0).num_elements();
  const std::int64_t outputs = context.output_spec(0).shape.num_elements();
  const Tensor dy = reshaped(context.output_gradient(0), kept_shape(context));
  if (inputs == 0) {  // of no elements
    context.set_input_gradient(0, broadcast_to(dy, context.shape(0)));
    return;
  }
  context.set_input_gradient(
      0, op::execute(op::kMeanGrad, {dy},
                     op::MeanGradArgs{.shape = context.shape(0), .divisor = inputs / outputs}));
}

void extremum_gradient(GradientContext& context) {
  const Tensor& x = context.input(0);
  const Shape kept = kept_shape(context);
  const Tensor chosen = cast(equal(reshaped(context.output(0), kept), x), context.spec(0).dtype);
  ReduceArgs args = context.attrs<ReduceArgs>();
  args.keepdims = true;
  const Tensor count = reduce_sum(chosen, args);
  context.set_input_gradient(0, chosen / count * reshaped(context.output_gradient(0), kept));
}

// The product of all others: of those before and of those after, so that zeros do no harm.
void prod_gradient(GradientContext& context) {
  const Tensor& x = context.input(0);
  const Shape& shape = x.shape();
  const std::uint32_t mask = context.attrs<ReduceArgs>().axis.mask(shape.rank(), context.op_name());
  Ints to_front;
  std::int64_t reduced = 1;
  for (const bool wanted : {true, false}) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (((mask >> i & 1U) != 0) != wanted) continue;
      to_front.push_back(i);
      if (wanted) reduced *= shape.dim(i);
    }
  }
  std::int64_t places[Ints::kMaxSize] = {};
  for (int i = 0; i < to_front.size(); ++i) places[to_front[i]] = i;
  const Ints back(std::span<const std::int64_t>(places, static_cast<std::size_t>(shape.rank())));
  const Tensor moved = transpose(x, to_front);
  const std::int64_t others = reduced == 0 ? 0 : shape.num_elements() / reduced;
  const Tensor flat = reshape(moved, {reduced, others});
  const Tensor product =
      cumprod(flat, {.exclusive = true}) * cumprod(flat, {.exclusive = true, .reverse = true});
  const Tensor slopes = transpose(reshape(product, moved.shape()), back);
  context.set_input_gradient(0, slopes * reshaped(context.output_gradient(0), kept_shape(context)));
}

constexpr op::Op reduction(const char* name, op::KernelFunction cpu, op::KernelFunction gpu,
                           op::GradientFunction gradient, op::GradientReads gradient_reads = {}) {
  return {.name = name,
          .inputs = {{"input"}},
          .dtypes = Numbers::kSet,
          .gradient_reads = gradient_reads,
          .infer = infer_reduce,
          .gradient = gradient,
          .cpu = cpu,
          .gpu = gpu};
}

constexpr op::Op reduction_of_bools(const char* name, op::KernelFunction cpu,
                                    op::KernelFunction gpu) {
  op::Op row = reduction(name, cpu, gpu, op::not_differentiable);
  row.dtypes = set_of(DType::kBool);
  return row;
}

constexpr op::GradientReads kExtremumReads{.inputs = reads(0), .outputs = reads(0)};

constinit const op::Op kSum =
    reduction("Sum", reduce_cpu<SumReducer>, KEEN_GPU_KERNEL(sum_gpu), sum_gradient);
KEEN_OP(kSum);
constinit const op::Op kMean =
    reduction("Mean", reduce_cpu<SumReducer, true>, KEEN_GPU_KERNEL(mean_gpu), mean_gradient);
KEEN_OP(kMean);
constinit const op::Op kMax = reduction("Max", reduce_cpu<MaxReducer>, KEEN_GPU_KERNEL(max_gpu),
                                        extremum_gradient, kExtremumReads);
KEEN_OP(kMax);
constinit const op::Op kMin = reduction("Min", reduce_cpu<MinReducer>, KEEN_GPU_KERNEL(min_gpu),
                                        extremum_gradient, kExtremumReads);
KEEN_OP(kMin);
constinit const op::Op kProd =
    reduction("Prod", reduce_cpu<detail::ProdReducer>, KEEN_GPU_KERNEL(prod_gpu), prod_gradient,
              {.inputs = reads(0)});
KEEN_OP(kProd);
constinit const op::Op kAll =
    reduction_of_bools("All", reduce_bool_cpu<AllReducer>, KEEN_GPU_KERNEL(all_gpu));
KEEN_OP(kAll);
constinit const op::Op kAny =
    reduction_of_bools("Any", reduce_bool_cpu<AnyReducer>, KEEN_GPU_KERNEL(any_gpu));
KEEN_OP(kAny);

}  // namespace

Tensor reduce_sum(const Tensor& input, const ReduceArgs& args) {
  return op::execute(kSum, {input}, args);
}
Tensor reduce_mean(const Tensor& input, const ReduceArgs& args) {
  return op::execute(kMean, {input}, args);
}
Tensor reduce_max(const Tensor& input, const ReduceArgs& args) {
  return op::execute(kMax, {input}, args);
}
Tensor reduce_min(const Tensor& input, const ReduceArgs& args) {
  return op::execute(kMin, {input}, args);
}
Tensor reduce_prod(const Tensor& input, const ReduceArgs& args) {
  return op::execute(kProd, {input}, args);
}
Tensor reduce_all(const Tensor& input, const ReduceArgs& args) {
  return op::execute(kAll, {input}, args);
}
Tensor reduce_any(const Tensor& input, const ReduceArgs& args) {
  return op::execute(kAny, {input}, args);
}

namespace detail {

Tensor unbroadcast(const Tensor& gradient, const Shape& shape) {
  const Shape& from = gradient.shape();
  if (from == shape) return gradient;
  Ints axes;
  const int extra = from.rank() - shape.rank();
  for (int i = 0; i < from.rank(); ++i) {
    if (i < extra || (shape.dim(i - extra) == 1 && from.dim(i) != 1)) axes.push_back(i);
  }
  return reshaped(axes.empty() ? gradient : reduce_sum(gradient, {.axis = axes}), shape);
}

}  // namespace detail
}  // namespace keen
