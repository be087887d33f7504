#include "kernels/transpose.h"

#include <cstdint>

#include "kernels/detail/strided_copy.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace {

struct TransposeArgs {
  Ints perm;
};

void infer(op::InferContext& context) {
  const Ints& perm = context.attrs<TransposeArgs>().perm;
  const Shape& input = context.shape(0);
  if (perm.size() != input.rank()) {
    throw InvalidArgumentError(text("transpose expects a vector of size ", input.rank(),
                                    ". But input(1) is a vector of size ", perm.size(),
                                    " [Op:Transpose]"));
  }
  std::uint32_t seen = 0;
  Shape result;
  for (const std::int64_t axis : perm) {
    const std::int64_t at = axis < 0 ? axis + input.rank() : axis;
    if (at < 0 || at >= input.rank()) {
      throw InvalidArgumentError(
          text(axis, " is out of range [0 .. ", input.rank(), ") [Op:Transpose]"));
    }
    seen |= std::uint32_t{1} << at;
    result.push_back(input.dim(static_cast<int>(at)));
  }
  if (seen != (std::uint32_t{1} << input.rank()) - 1) {
    throw InvalidArgumentError(text("Transpose: ", perm, " is no permutation [Op:Transpose]"));
  }
  context.set_output(0, context.dtype(0), result);
}

void transpose_kernel(op::KernelContext& context) {
  const Ints& perm = context.attrs<TransposeArgs>().perm;
  const Shape& input = context.shape(0);
  const Shape& output = context.output(0).shape;
  const auto from = detail::dense_strides(input);
  const auto to = detail::dense_strides(output);
  detail::StridedCopy copy;
  for (int i = 0; i < output.rank(); ++i) {
    const std::int64_t at = perm[i] < 0 ? perm[i] + input.rank() : perm[i];
    copy.add(output.dim(i), from[static_cast<std::size_t>(at)], to[static_cast<std::size_t>(i)]);
  }
  copy.run(context.device_context(), context.in<void>(0), context.out<void>(0),
           size_of(context.dtype(0)));
}

void gradient(op::GradientContext& context) {
  const Ints& perm = context.attrs<TransposeArgs>().perm;
  std::int64_t inverse[Ints::kMaxSize] = {};
  for (int i = 0; i < perm.size(); ++i) inverse[perm[i] < 0 ? perm[i] + perm.size() : perm[i]] = i;
  const Ints back(std::span<const std::int64_t>(inverse, static_cast<std::size_t>(perm.size())));
  context.set_input_gradient(0, transpose(context.output_gradient(0), back));
}

constinit const op::Op kTranspose{.name = "Transpose",
                                  .inputs = {{"x"}},
                                  .infer = infer,
                                  .gradient = gradient,
                                  .cpu = transpose_kernel,
                                  .gpu = KEEN_GPU_KERNEL(transpose_kernel)};
KEEN_OP(kTranspose);

}  // namespace

Tensor transpose(const Tensor& a, const Ints& perm) {
  TransposeArgs args{.perm = perm};
  if (perm.empty()) {
    for (int i = a.rank() - 1; i >= 0; --i) args.perm.push_back(i);
  }
  return op::execute(kTranspose, {a}, args);
}

}  // namespace keen
