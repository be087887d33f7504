#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/elementwise.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "runtime/op/gradient.h"

namespace keen {
namespace {

using detail::NumbersAndBool;

struct CastArgs {
  DType dtype = DType::kFloat32;
};

void infer_cast(op::InferContext& context) {
  const DType dtype = context.attrs<CastArgs>().dtype;
  if (!contains(NumbersAndBool::kSet, dtype)) {
    throw UnimplementedError(text("Cast ", context.dtype(0), " to ", dtype, " is not supported"));
  }
  context.set_output(0, dtype, context.shape(0));
}

// Numbers beyond the range of an integer type are undefined in C++: they take the value that x86's
// conversion to 64 (32) bits gives and are cut from there.
template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::floating_point<From> && std::integral<To>) {
    using Wide = std::conditional_t<(sizeof(To) < 4), std::int32_t, To>;
    constexpr From kEnd = -static_cast<From>(std::numeric_limits<Wide>::min());
    const bool fits = value >= -kEnd && value < kEnd;
    return static_cast<To>(fits ? static_cast<Wide>(value) : std::numeric_limits<Wide>::min());
  } else {
    return static_cast<To>(value);
  }
}

template <class From, class To>
void cast_of(op::KernelContext& context) {
  const From* from = context.in<From>(0);
  To* to = context.out<To>(0);
  const auto body = [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const auto value = static_cast<detail::Compute<From>>(from[i]);
      to[i] = static_cast<To>(convert<detail::Compute<To>>(value));
    }
  };
  const std::int64_t n = context.shape(0).num_elements();
  if (n <= detail::kElementwiseGrain) {
    body(0, n);
  } else {
    device::cpu::parallel_for(context.threads(), n, detail::kElementwiseGrain, body);
  }
}

void cast_cpu(op::KernelContext& context) {
  NumbersAndBool::visit(context.dtype(0), [&]<class From>() {
    NumbersAndBool::visit(context.output(0).dtype, [&]<class To>() { cast_of<From, To>(context); });
  });
}

void cast_gradient(op::GradientContext& context) {
  if (!is_floating(context.spec(0).dtype) || !is_floating(context.output_spec(0).dtype)) return;
  context.set_input_gradient(0, cast(context.output_gradient(0), context.spec(0).dtype));
}

constinit const op::Op kCast{.name = "Cast",
                             .inputs = {{"x"}},
                             .dtypes = NumbersAndBool::kSet,
                             .infer = infer_cast,
                             .gradient = cast_gradient,
                             .cpu = cast_cpu};
KEEN_OP(kCast);

}  // namespace

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return op::execute(kCast, {x}, CastArgs{.dtype = dtype});
}

}  // namespace keen
