#include "kernels/pad.h"

#include <cstring>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/host_ints.h"
#include "kernels/detail/window_copy.h"
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

// The bits of `number` as an element of that type.
std::uint64_t bits_of(double number, DType dtype) {
  std::uint64_t bits = 0;
  detail::NumbersAndBool::visit(dtype, [&]<class T>() {
    const auto value = static_cast<T>(static_cast<detail::Compute<T>>(number));
    std::memcpy(&bits, &value, sizeof(T));
  });
  return bits;
}

void pad_kernel(op::KernelContext& context) {
  const Shape& input = context.shape(0);
  const Shape& output = context.output(0).shape;
  const std::vector<std::int64_t> sizes = detail::host_ints(context.input(1));
  detail::WindowCopy copy;
  for (int i = 0; i < input.rank(); ++i) {
    copy.add({output.dim(i), sizes[static_cast<std::size_t>(2 * i)], 1, input.dim(i)});
  }
  copy.run(context.device_context(), context.in<void>(0), context.out<void>(0),
           size_of(context.dtype(0)),
           bits_of(context.attrs<PadArgs>().constant_values, context.dtype(0)));
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
    .cpu = pad_kernel,
    .gpu = KEEN_GPU_KERNEL(pad_kernel)};
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
