#include "kernels/slice.h"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/detail/host_ints.h"
#include "kernels/detail/strided_copy.h"
#include "kernels/detail/window_copy.h"
#include "kernels/reshape.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace {

// What a slice takes of each dimension: `count` elements begin, begin + stride, …, all of which
// exist. Ops read it on the host as an int64 tensor [3, rank].
struct Window {
  std::vector<std::int64_t> begin;
  std::vector<std::int64_t> count;
  std::vector<std::int64_t> stride;

  [[nodiscard]] Tensor tensor() const {
    std::vector<std::int64_t> all = begin;
    all.insert(all.end(), count.begin(), count.end());
    all.insert(all.end(), stride.begin(), stride.end());
    return Tensor::from_vector(all, Shape({3, static_cast<std::int64_t>(begin.size())}));
  }
  [[nodiscard]] static Window of(const Tensor& tensor) {
    const std::vector<std::int64_t> all = detail::host_ints(tensor);
    const auto rank = static_cast<std::ptrdiff_t>(all.size() / 3);
    const auto at = all.begin();
    return {{at, at + rank}, {at + rank, at + 2 * rank}, {at + 2 * rank, all.end()}};
  }
};

struct StridedSliceGradArgs {
  Shape shape;
};

void infer_slice(op::InferContext& context) {
  const Tensor* window = context.host_value(1);
  if (window == nullptr) {
    context.set_output(0, context.dtype(0), Shape::unknown());
    return;
  }
  context.set_output(0, context.dtype(0), Shape(Window::of(*window).count));
}

void slice_kernel(op::KernelContext& context) {
  const Window window = Window::of(context.input(1));
  const Shape& output = context.output(0).shape;
  const auto from = detail::dense_strides(context.shape(0));
  const auto to = detail::dense_strides(output);
  const std::size_t bytes = size_of(context.dtype(0));
  if (output.num_elements() == 0) return;
  detail::StridedCopy copy;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < window.begin.size(); ++i) {
    first += window.begin[i] * from[i];
    copy.add(window.count[i], window.stride[i] * from[i], to[i]);
  }
  const auto* data = context.in<unsigned char>(0) + first * static_cast<std::int64_t>(bytes);
  copy.run(context.device_context(), data, context.out<void>(0), bytes);
}

void infer_slice_grad(op::InferContext& context) {
  context.set_output(0, context.dtype(0), context.attrs<StridedSliceGradArgs>().shape);
}

// The gradient at the window's places, zero elsewhere.
void slice_grad_kernel(op::KernelContext& context) {
  const Window window = Window::of(context.input(1));
  const Shape& output = context.output(0).shape;
  detail::WindowCopy copy;
  for (std::size_t i = 0; i < window.begin.size(); ++i) {
    copy.add({output.dim(static_cast<int>(i)), window.begin[i], window.stride[i], window.count[i]});
  }
  copy.run(context.device_context(), context.in<void>(0), context.out<void>(0),
           size_of(context.dtype(0)), 0);
}

void slice_gradient(op::GradientContext& context);
void slice_grad_gradient(op::GradientContext& context);

constinit const op::Op kStridedSlice{
    .name = "StridedSlice",
    .inputs = {{"input"}, {.name = "window", .types = set_of(DType::kInt64), .host = true}},
    .gradient_reads = {.inputs = op::reads(1)},
    .infer = infer_slice,
    .gradient = slice_gradient,
    .cpu = slice_kernel,
    .gpu = KEEN_GPU_KERNEL(slice_kernel)};
KEEN_OP(kStridedSlice);

constinit const op::Op kStridedSliceGrad{
    .name = "StridedSliceGrad",
    .inputs = {{"dy"}, {.name = "window", .types = set_of(DType::kInt64), .host = true}},
    .gradient_reads = {.inputs = op::reads(1)},
    .infer = infer_slice_grad,
    .gradient = slice_grad_gradient,
    .cpu = slice_grad_kernel,
    .gpu = KEEN_GPU_KERNEL(slice_grad_kernel)};
KEEN_OP(kStridedSliceGrad);

void slice_gradient(op::GradientContext& context) {
  context.set_input_gradient(
      0, op::execute(kStridedSliceGrad, {context.output_gradient(0), context.input(1)},
                     StridedSliceGradArgs{.shape = context.shape(0)}));
}

void slice_grad_gradient(op::GradientContext& context) {
  context.set_input_gradient(
      0, op::execute(kStridedSlice, {context.output_gradient(0), context.input(1)}));
}

// One dimension of a window from a Python range, cut to `size` elements.
void add_range(Window& window, const Index::Range& range, std::int64_t size) {
  if (range.stride == 0) throw ValueError("slice: strides must be non-zero [Op:StridedSlice]");
  const bool forward = range.stride > 0;
  const std::int64_t low = forward ? 0 : -1;
  const std::int64_t high = forward ? size : size - 1;
  const auto place = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    return std::clamp(*given < 0 ? *given + size : *given, low, high);
  };
  const std::int64_t begin = place(range.begin, forward ? low : high);
  const std::int64_t end = place(range.end, forward ? high : low);
  const std::int64_t span = forward ? end - begin : begin - end;
  const std::int64_t step = forward ? range.stride : -range.stride;
  window.begin.push_back(begin);
  window.count.push_back(span <= 0 ? 0 : (span + step - 1) / step);
  window.stride.push_back(range.stride);
}

void add_number(Window& window, std::int64_t at, std::int64_t size, int axis) {
  const std::int64_t place = at < 0 ? at + size : at;
  if (place < 0 || place >= size) {
    throw InvalidArgumentError(
        text("slice index ", at, " of dimension ", axis, " out of bounds. [Op:StridedSlice]"));
  }
  window.begin.push_back(place);
  window.count.push_back(1);
  window.stride.push_back(1);
}

}  // namespace

Tensor slice(const Tensor& input, const Ints& begin, const Ints& size) {
  const Shape& shape = input.shape();
  if (begin.size() != shape.rank() || size.size() != shape.rank()) {
    throw InvalidArgumentError(
        text("Slice: expected begin and size arguments to be 1-D tensors of "
             "size ",
             shape.rank(), ", but got ", begin, " and ", size, " [Op:Slice]"));
  }
  Window window;
  for (int i = 0; i < shape.rank(); ++i) {
    const std::int64_t count = size[i] == -1 ? shape.dim(i) - begin[i] : size[i];
    if (begin[i] < 0 || begin[i] > shape.dim(i)) {
      throw InvalidArgumentError(text("Expected begin[", i, "] in [0, ", shape.dim(i),
                                      "], but got ", begin[i], " [Op:Slice]"));
    }
    if (count < 0 || begin[i] + count > shape.dim(i)) {
      throw InvalidArgumentError(text("Expected size[", i, "] in [0, ", shape.dim(i) - begin[i],
                                      "], but got ", size[i], " [Op:Slice]"));
    }
    window.begin.push_back(begin[i]);
    window.count.push_back(count);
    window.stride.push_back(1);
  }
  return op::execute(kStridedSlice, {input, window.tensor()});
}

Tensor get_item(const Tensor& input, std::initializer_list<Index> indices) {
  const Shape& shape = input.shape();
  const auto takes_axis = [](const Index& index) {
    return index.kind() == Index::Kind::kNumber || index.kind() == Index::Kind::kRange;
  };
  const auto taken = static_cast<int>(std::count_if(indices.begin(), indices.end(), takes_axis));
  if (taken > shape.rank()) {
    throw ValueError(text("Index out of range using input dim ", shape.rank(), "; input has only ",
                          shape.rank(), " dims [Op:StridedSlice]"));
  }
  Window window;
  Shape result;
  int axis = 0;
  const auto rest = [&](int until) {
    for (; axis < until; ++axis) {
      add_range(window, {}, shape.dim(axis));
      result.push_back(shape.dim(axis));
    }
  };
  bool has_ellipsis = false;
  for (const Index& index : indices) {
    if (index.kind() == Index::Kind::kNewAxis) {
      result.push_back(1);
    } else if (index.kind() == Index::Kind::kEllipsis) {
      if (has_ellipsis) throw ValueError("Multiple ellipses in slice spec not allowed");
      has_ellipsis = true;
      rest(axis + shape.rank() - taken);
    } else if (index.kind() == Index::Kind::kNumber) {
      add_number(window, *index.range().begin, shape.dim(axis), axis);
      ++axis;
    } else {
      add_range(window, index.range(), shape.dim(axis));
      result.push_back(window.count.back());
      ++axis;
    }
  }
  rest(shape.rank());
  const Tensor part = op::execute(kStridedSlice, {input, window.tensor()});
  return part.shape() == result ? part : reshape(part, result);
}

}  // namespace keen
