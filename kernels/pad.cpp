#include "kernels/pad.h"

#include <algorithm>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/host_ints.h"
#include "kernels/detail/strided_copy.h"
#include "kernels/slice.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace {

struct PadArgs {
  double constant_values = 0;
};

void infer(op::InferContext& context) {
  const Shape& input = context.shape(0);
  const Shape& paddings = context.shape(1);
  if (paddings.rank() != 2 || paddings.dim(0) != input.rank() || paddings.dim(1) != 2) {
    throw InvalidArgumentError(text("The first dimension of paddings must be the rank of inputs",
                                    brackets(paddings), " ", brackets(input), " [Op:PadV2]"));
  }
  const Tensor* value = context.host_value(1);
  Shape result = input;
  for (int i = 0; i < input.rank(); ++i) {
    if (value == nullptr) {
      result.set_dim(i, -1);
      continue;
    }
    const std::vector<std::int64_t> sizes = detail::host_ints(*value);
    const std::int64_t before = sizes[static_cast<std::size_t>(2 * i)];
    const std::int64_t after = sizes[static_cast<std::size_t>(2 * i + 1)];
    if (before < 0 || after < 0) {
      throw InvalidArgumentError(
          text("Paddings must be non-negative: ", before, " ", after, " [Op:PadV2]"));
    }
    result.set_dim(i, input.dim(i) + before + after);
  }
  context.set_output(0, context.dtype(0), result);
}

template <class T>
void fill_with(op::KernelContext& context) {
  T value;
  if constexpr (std::is_same_v<T, half> || std::is_same_v<T, bfloat16>) {
    value = T(static_cast<float>(context.attrs<PadArgs>().constant_values));
  } else {
    value = static_cast<T>(context.attrs<PadArgs>().constant_values);
  }
  std::fill_n(context.out<T>(0), context.output(0).shape.num_elements(), value);
}

void pad_cpu(op::KernelContext& context) {
  detail::NumbersAndBool::visit(context.dtype(0), [&]<class T>() { fill_with<T>(context); });
  const Shape& input = context.shape(0);
  if (input.num_elements() == 0) return;
  const std::vector<std::int64_t> sizes = detail::host_ints(context.input(1));
  const auto from = detail::dense_strides(input);
  const auto to = detail::dense_strides(context.output(0).shape);
  detail::StridedCopy copy;
  std::int64_t first = 0;
  for (int i = 0; i < input.rank(); ++i) {
    const auto axis = static_cast<std::size_t>(i);
    first += sizes[2 * axis] * to[axis];
    copy.add(input.dim(i), from[axis], to[axis]);
  }
  const std::size_t bytes = size_of(context.dtype(0));
  copy.run(context.in<void>(0),
           context.out<unsigned char>(0) + first * static_cast<std::int64_t>(bytes), bytes,
           context.threads());
}

void gradient(op::GradientContext& context) {
  const std::vector<std::int64_t> sizes = detail::host_ints(context.input(1));
  Ints begin;
  for (std::size_t i = 0; i < sizes.size(); i += 2) begin.push_back(sizes[i]);
  context.set_input_gradient(
      0, slice(context.output_gradient(0), begin, Ints(context.shape(0).dims())));
}

constinit const op::Op kPad{
    .name = "PadV2",
    .inputs = {{"input"}, {.name = "paddings", .types = kIndexTypes, .host = true}},
    .dtypes = detail::NumbersAndBool::kSet,
    .gradient_reads = {.inputs = op::reads(1)},
    .infer = infer,
    .gradient = gradient,
    .cpu = pad_cpu};
KEEN_OP(kPad);

}  // namespace

Tensor pad(const Tensor& tensor, const Paddings& paddings, double constant_values) {
  std::vector<std::int64_t> sizes;
  for (const auto& [before, after] : paddings) {
    sizes.push_back(before);
    sizes.push_back(after);
  }
  const Tensor list =
      Tensor::from_vector(sizes, Shape({static_cast<std::int64_t>(paddings.size()), 2}));
  return op::execute(kPad, {tensor, list}, PadArgs{.constant_values = constant_values});
}

}  // namespace keen
