#include "kernels/gather.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/functors.h"
#include "kernels/detail/gather.h"
#include "kernels/elementwise.h"
#include "kernels/reshape.h"
#include "kernels/transpose.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {

void gather_gpu(op::KernelContext& context);       // gather.cu
void one_hot_gpu(op::KernelContext& context);      // gather.cu
void segment_sum_gpu(op::KernelContext& context);  // segment_sum.cu

namespace {

using detail::GatherArgs;
using detail::new_axis;
using detail::NumbersAndBool;
using detail::OneHotAttrs;
using detail::product;
using detail::SegmentArgs;

// Calls f with a function that gives index i.
template <class F>
void with_indices(const op::KernelContext& context, int input, F&& f) {
  if (context.dtype(input) == DType::kInt64) {
    const std::int64_t* list = context.in<std::int64_t>(input);
    f([list](std::int64_t i) { return list[i]; });
  } else {
    const std::int32_t* list = context.in<std::int32_t>(input);
    f([list](std::int64_t i) { return static_cast<std::int64_t>(list[i]); });
  }
}

// ---- GatherV2 ----

void infer_gather(op::InferContext& context) {
  const Shape& params = context.shape(0);
  const Shape& indices = context.shape(1);
  const int axis =
      detail::axis_of(context.attrs<GatherArgs>().axis, params.rank(), context.op_name());
  Shape result;
  for (int i = 0; i < axis; ++i) result.push_back(params.dim(i));
  for (const std::int64_t dim : indices.dims()) result.push_back(dim);
  for (int i = axis + 1; i < params.rank(); ++i) result.push_back(params.dim(i));
  context.set_output(0, context.dtype(0), result);
}

void gather_cpu(op::KernelContext& context) {
  const Shape& params = context.shape(0);
  const int axis =
      detail::axis_of(context.attrs<GatherArgs>().axis, params.rank(), context.op_name());
  const std::int64_t limit = params.dim(axis);
  const std::int64_t outer = product(params, 0, axis);
  const std::int64_t line = product(params, axis + 1, params.rank()) *
                            static_cast<std::int64_t>(size_of(context.dtype(0)));
  const std::int64_t count = context.shape(1).num_elements();
  const auto* from = context.in<unsigned char>(0);
  auto* to = context.out<unsigned char>(0);
  with_indices(context, 1, [&](auto index) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (index(i) < 0 || index(i) >= limit) {
        throw InvalidArgumentError(
            text("indices[", i, "] = ", index(i), " is not in [0, ", limit, ") [Op:GatherV2]"));
      }
    }
    device::cpu::parallel_for(
        context.threads(), outer * count,
        std::max<std::int64_t>(1, detail::kElementwiseGrain / std::max<std::int64_t>(1, line)),
        [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t at = begin; at < end; ++at) {
            const std::int64_t place = at / count * limit + index(at % count);
            std::memcpy(to + at * line, from + place * line, static_cast<std::size_t>(line));
          }
        });
  });
}

// Sums the gradients of equal indices: by segments, with the axis brought to the front.
void gather_gradient(op::GradientContext& context) {
  const Shape& params = context.shape(0);
  const Shape& indices = context.spec(1).shape;
  const int axis =
      detail::axis_of(context.attrs<GatherArgs>().axis, params.rank(), context.op_name());
  const Tensor& gradient = context.output_gradient(0);
  Ints to_front;
  Ints back;
  for (int i = 0; i < indices.rank(); ++i) to_front.push_back(axis + i);
  for (int i = 0; i < gradient.rank(); ++i) {
    if (i < axis || i >= axis + indices.rank()) to_front.push_back(i);
  }
  for (int i = 0; i < params.rank(); ++i) back.push_back(i < axis ? i + 1 : i == axis ? 0 : i);
  const Tensor front = axis == 0 ? gradient : transpose(gradient, to_front);
  const Tensor sums = unsorted_segment_sum(front, context.input(1), params.dim(axis));
  context.set_input_gradient(0, axis == 0 ? sums : transpose(sums, back));
}

constinit const op::Op kGather{.name = "GatherV2",
                               .inputs = {{"params"}, {"indices", kIndexTypes}},
                               .gradient_reads = {.inputs = op::reads(1)},
                               .infer = infer_gather,
                               .gradient = gather_gradient,
                               .cpu = gather_cpu,
                               .gpu = KEEN_GPU_KERNEL(gather_gpu)};
KEEN_OP(kGather);

// ---- UnsortedSegmentSum ----

void infer_segments(op::InferContext& context) {
  const Shape& data = context.shape(0);
  const Shape& ids = context.shape(1);
  const std::int64_t segments = context.attrs<SegmentArgs>().num_segments;
  bool fits = ids.rank() <= data.rank();
  for (int i = 0; fits && i < ids.rank(); ++i) fits = ids.dim(i) == data.dim(i);
  if (!fits || segments < 0) {
    throw InvalidArgumentError(text("data.shape = ", brackets(data),
                                    " does not start with segment_ids.shape = ", brackets(ids),
                                    " [Op:UnsortedSegmentSum]"));
  }
  Shape result({segments});
  for (int i = ids.rank(); i < data.rank(); ++i) result.push_back(data.dim(i));
  context.set_output(0, context.dtype(0), result);
}

// In the order of the ids, by one thread: rows that share an id must not race.
void segment_sum_cpu(op::KernelContext& context) {
  const std::int64_t segments = context.attrs<SegmentArgs>().num_segments;
  const std::int64_t count = context.shape(1).num_elements();
  const TensorSpec& output = context.output(0);
  const std::int64_t line = product(output.shape, 1, output.shape.rank());
  detail::Numbers::visit(context.dtype(0), [&]<class T>() {
    const T* from = context.in<T>(0);
    T* to = context.out<T>(0);
    std::fill_n(to, output.shape.num_elements(), T());
    with_indices(context, 1, [&](auto id) {
      for (std::int64_t i = 0; i < count; ++i) {
        if (id(i) >= segments) {
          throw InvalidArgumentError(text("segment_ids[", i, "] = ", id(i), " is out of range [0, ",
                                          segments, ") [Op:UnsortedSegmentSum]"));
        }
        if (id(i) < 0) continue;
        T* sum = to + id(i) * line;
        const T* row = from + i * line;
        for (std::int64_t k = 0; k < line; ++k) {
          using C = detail::Compute<T>;
          sum[k] = static_cast<T>(functor::Add()(static_cast<C>(sum[k]), static_cast<C>(row[k])));
        }
      }
    });
  });
}

void segment_sum_gradient(op::GradientContext& context) {
  const Tensor& ids = context.input(1);
  const Tensor& gradient = context.output_gradient(0);
  const Tensor zero = detail::number_like(0, ids);
  const Tensor rows = gather(gradient, maximum(ids, zero));
  Shape mask_shape = ids.shape();
  for (int i = ids.rank(); i < rows.rank(); ++i) mask_shape.push_back(1);
  const Tensor counted = reshape(greater_equal(ids, zero), mask_shape);
  context.set_input_gradient(0, where(counted, rows, detail::number_like(0, rows)));
}

constinit const op::Op kSegmentSum{.name = "UnsortedSegmentSum",
                                   .inputs = {{"data"}, {"segment_ids", kIndexTypes}},
                                   .dtypes = kNumericTypes,
                                   .gradient_reads = {.inputs = op::reads(1)},
                                   .infer = infer_segments,
                                   .gradient = segment_sum_gradient,
                                   .cpu = segment_sum_cpu,
                                   .gpu = KEEN_GPU_KERNEL(segment_sum_gpu)};
KEEN_OP(kSegmentSum);

// ---- OneHot ----

void infer_one_hot(op::InferContext& context) {
  const auto& args = context.attrs<OneHotAttrs>();
  const Shape& indices = context.shape(0);
  if (args.depth < 0) {
    throw InvalidArgumentError(
        text("depth must be non-negative, got: ", args.depth, " [Op:OneHot]"));
  }
  const int axis = new_axis(args.axis, indices.rank());
  Shape result;
  for (int i = 0; i <= indices.rank(); ++i) {
    if (i == axis) result.push_back(args.depth);
    if (i < indices.rank()) result.push_back(indices.dim(i));
  }
  context.set_output(0, args.dtype, result);
}

void one_hot_cpu(op::KernelContext& context) {
  const auto& args = context.attrs<OneHotAttrs>();
  const Shape& indices = context.shape(0);
  const int axis = new_axis(args.axis, indices.rank());
  const std::int64_t inner = product(indices, axis, indices.rank());
  const TensorSpec& output = context.output(0);
  NumbersAndBool::visit(output.dtype, [&]<class T>() {
    const auto on = static_cast<T>(static_cast<detail::Compute<T>>(args.on_value));
    T* out = context.out<T>(0);
    std::fill_n(out, output.shape.num_elements(),
                static_cast<T>(static_cast<detail::Compute<T>>(args.off_value)));
    with_indices(context, 0, [&](auto index) {
      for (std::int64_t i = 0; i < indices.num_elements(); ++i) {
        if (index(i) < 0 || index(i) >= args.depth) continue;
        out[(i / inner * args.depth + index(i)) * inner + i % inner] = on;
      }
    });
  });
}

constinit const op::Op kOneHot{.name = "OneHot",
                               .inputs = {{"indices", kIndexTypes}},
                               .dtypes = NumbersAndBool::kSet,
                               .infer = infer_one_hot,
                               .gradient = op::not_differentiable,
                               .cpu = one_hot_cpu,
                               .gpu = KEEN_GPU_KERNEL(one_hot_gpu)};
KEEN_OP(kOneHot);

}  // namespace

Tensor gather(const Tensor& params, const Tensor& indices, std::int64_t axis) {
  return op::execute(kGather, {params, indices}, GatherArgs{.axis = axis});
}

Tensor one_hot(const Tensor& indices, std::int64_t depth, const OneHotArgs& args) {
  return op::execute(kOneHot, {indices},
                     OneHotAttrs{.depth = depth,
                                 .on_value = args.on_value,
                                 .off_value = args.off_value,
                                 .axis = args.axis,
                                 .dtype = args.dtype});
}

Tensor unsorted_segment_sum(const Tensor& data, const Tensor& segment_ids,
                            std::int64_t num_segments) {
  return op::execute(kSegmentSum, {data, segment_ids}, SegmentArgs{.num_segments = num_segments});
}

}  // namespace keen
