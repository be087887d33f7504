#include "kernels/argmax.h"

#include "kernels/detail/axis_rows.h"
#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/host_ints.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/execute.h"

namespace keen {

// argmax.cu
void argmax_gpu(op::KernelContext& context);
void argmin_gpu(op::KernelContext& context);

namespace {

using detail::Compute;
using detail::Numbers;

void infer(op::InferContext& context) {
  const auto& args = context.attrs<ArgMaxArgs>();
  const Shape& input = context.shape(0);
  const int axis = detail::axis_of(args.axis, input.rank(), context.op_name());
  if (input.dim(axis) == 0) {
    throw InvalidArgumentError(text("Reduction axis ", axis, " is empty in shape ", brackets(input),
                                    " [Op:", context.op_name(), "]"));
  }
  if (!contains(kIndexTypes, args.output_type)) {
    throw InvalidArgumentError(
        text(context.op_name(), ": output_type ", args.output_type, " must be int32 or int64"));
  }
  Shape result;
  for (int i = 0; i < input.rank(); ++i) {
    if (i != axis) result.push_back(input.dim(i));
  }
  context.set_output(0, args.output_type, result);
}

// `kSign` is 1 for the largest, -1 for the smallest.
template <class T, class Index, int kSign>
void search(op::KernelContext& context) {
  const detail::AxisRows rows = detail::axis_rows(context, context.attrs<ArgMaxArgs>().axis);
  const std::int64_t inner = rows.inner;
  const std::int64_t size = rows.length;
  const T* x = context.in<T>(0);
  Index* out = context.out<Index>(0);
  const auto better = [](Compute<T> a, Compute<T> b) { return kSign > 0 ? a > b : a < b; };
  device::cpu::parallel_for(
      context.threads(), context.output(0).shape.num_elements(),
      std::max<std::int64_t>(1, detail::kElementwiseGrain / size),
      [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t o = begin; o < end; ++o) {
          const T* from = x + (o / inner) * size * inner + o % inner;
          std::int64_t best = 0;
          for (std::int64_t i = 1; i < size; ++i) {
            const Compute<T> value = from[i * inner];
            const Compute<T> champion = from[best * inner];
            if (better(value, champion) || (champion != champion && value == value)) best = i;
          }
          out[o] = static_cast<Index>(best);
        }
      });
}

template <int kSign>
void search_cpu(op::KernelContext& context) {
  Numbers::visit(context.dtype(0), [&]<class T>() {
    if (context.output(0).dtype == DType::kInt64) {
      search<T, std::int64_t, kSign>(context);
    } else {
      search<T, std::int32_t, kSign>(context);
    }
  });
}

constinit const op::Op kArgMax{.name = "ArgMax",
                               .inputs = {{"input"}},
                               .dtypes = Numbers::kSet,
                               .infer = infer,
                               .gradient = op::not_differentiable,
                               .cpu = search_cpu<1>,
                               .gpu = KEEN_GPU_KERNEL(argmax_gpu)};
KEEN_OP(kArgMax);
constinit const op::Op kArgMin{.name = "ArgMin",
                               .inputs = {{"input"}},
                               .dtypes = Numbers::kSet,
                               .infer = infer,
                               .gradient = op::not_differentiable,
                               .cpu = search_cpu<-1>,
                               .gpu = KEEN_GPU_KERNEL(argmin_gpu)};
KEEN_OP(kArgMin);

}  // namespace

Tensor argmax(const Tensor& input, const ArgMaxArgs& args) {
  return op::execute(kArgMax, {input}, args);
}

Tensor argmin(const Tensor& input, const ArgMaxArgs& args) {
  return op::execute(kArgMin, {input}, args);
}

}  // namespace keen
