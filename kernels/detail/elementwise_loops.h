// CPU kernels of elementwise ops from their functors, and the rows of such ops.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "kernels/detail/broadcast.h"
#include "kernels/detail/compute_type.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/op.h"

namespace keen::detail {

// Elements below which a second thread costs more than it saves.
inline constexpr std::int64_t kElementwiseGrain = 32 * 1024;
// The same for functors that call math functions.
inline constexpr std::int64_t kVectorMathGrain = 4 * 1024;

template <class F>
inline constexpr bool kIsVectorMath = requires {
  F::kVectorMath;
};
template <class F>
inline constexpr std::int64_t kGrainOf = kIsVectorMath<F> ? kVectorMathGrain : kElementwiseGrain;

// A result type is bool or that of the inputs.
template <class F, class T>
struct UnaryResult {
  using Raw = decltype(F()(Compute<T>()));
  using type = std::conditional_t<std::is_same_v<Raw, bool>, bool, T>;
};
template <class F, class T>
struct BinaryResult {
  using Raw = decltype(F()(Compute<T>(), Compute<T>()));
  using type = std::conditional_t<std::is_same_v<Raw, bool>, bool, T>;
};

// out[i] = f(x[i * kStepX], y[i * kStepY]) for steps of 0 and 1.
template <class F, int kStepX, int kStepY, class T, class Out>
inline void binary_loop(const T* __restrict x, const T* __restrict y, Out* __restrict out,
                        std::int64_t n) {
  const F f;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<Out>(
        f(static_cast<Compute<T>>(x[i * kStepX]), static_cast<Compute<T>>(y[i * kStepY])));
  }
}

template <class F, class T, class Out>
inline void unary_loop(const T* __restrict x, Out* __restrict out, std::int64_t n) {
  const F f;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<Out>(f(static_cast<Compute<T>>(x[i])));
}

// Vector and scalar forms of math functions differ in their last bits. All elements take the vector
// form, the last few in a padded block, so that a result depends neither on its place nor on how
// the work was cut.
inline constexpr std::int64_t kPad = 16;

template <class F, int kStepX, int kStepY, class T, class Out>
inline void binary_range(const T* x, const T* y, Out* out, std::int64_t n) {
  if constexpr (!kIsVectorMath<F>) {
    binary_loop<F, kStepX, kStepY>(x, y, out, n);
  } else {
    const std::int64_t whole = n & ~(kPad - 1);
    binary_loop<F, kStepX, kStepY>(x, y, out, whole);
    if (whole == n) return;
    T padded_x[kPad] = {};
    T padded_y[kPad] = {};
    Out padded_out[kPad];
    std::copy_n(x + whole * kStepX, kStepX == 0 ? 1 : n - whole, padded_x);
    std::copy_n(y + whole * kStepY, kStepY == 0 ? 1 : n - whole, padded_y);
    binary_loop<F, kStepX, kStepY>(padded_x, padded_y, padded_out, kPad);
    std::copy_n(padded_out, n - whole, out + whole);
  }
}

template <class F, class T, class Out>
inline void unary_range(const T* x, Out* out, std::int64_t n) {
  if constexpr (!kIsVectorMath<F>) {
    unary_loop<F>(x, out, n);
  } else {
    const std::int64_t whole = n & ~(kPad - 1);
    unary_loop<F>(x, out, whole);
    if (whole == n) return;
    T padded[kPad] = {};
    Out padded_out[kPad];
    std::copy_n(x + whole, n - whole, padded);
    unary_loop<F>(padded, padded_out, kPad);
    std::copy_n(padded_out, n - whole, out + whole);
  }
}

template <class F, class T>
KEEN_NOINLINE void binary_broadcast(op::KernelContext& context) {
  using Out = typename BinaryResult<F, T>::type;
  const T* x = context.in<T>(0);
  const T* y = context.in<T>(1);
  Out* out = context.out<Out>(0);
  const BroadcastPlan<2> plan({&context.shape(0), &context.shape(1)}, context.output(0).shape);
  const bool x_moves = plan.inner_stride(0) != 0;
  const bool y_moves = plan.inner_stride(1) != 0;
  for_each_row(plan, context.threads(), kGrainOf<F>,
               [&](std::int64_t to, const std::array<std::int64_t, 2>& from, std::int64_t count) {
                 if (x_moves && y_moves) {
                   binary_range<F, 1, 1>(x + from[0], y + from[1], out + to, count);
                 } else if (x_moves) {
                   binary_range<F, 1, 0>(x + from[0], y + from[1], out + to, count);
                 } else {
                   binary_range<F, 0, 1>(x + from[0], y + from[1], out + to, count);
                 }
               });
}

template <class F, class T>
inline void binary_of(op::KernelContext& context) {
  using Out = typename BinaryResult<F, T>::type;
  const std::int64_t n = context.output(0).shape.num_elements();
  // A broadcast has more elements than one of its inputs, unless the shapes differ in ones only.
  if (context.shape(0).num_elements() != n || context.shape(1).num_elements() != n) {
    binary_broadcast<F, T>(context);
    return;
  }
  const T* x = context.in<T>(0);
  const T* y = context.in<T>(1);
  Out* out = context.out<Out>(0);
  if (n <= kGrainOf<F>) {
    binary_range<F, 1, 1>(x, y, out, n);
    return;
  }
  device::cpu::parallel_for(context.threads(), n, kGrainOf<F>,
                            [=](std::int64_t begin, std::int64_t end) {
                              binary_range<F, 1, 1>(x + begin, y + begin, out + begin, end - begin);
                            });
}

template <class F, class T>
inline void unary_of(op::KernelContext& context) {
  using Out = typename UnaryResult<F, T>::type;
  const std::int64_t n = context.output(0).shape.num_elements();
  const T* x = context.in<T>(0);
  Out* out = context.out<Out>(0);
  if (n <= kGrainOf<F>) {
    unary_range<F>(x, out, n);
    return;
  }
  device::cpu::parallel_for(context.threads(), n, kGrainOf<F>,
                            [=](std::int64_t begin, std::int64_t end) {
                              unary_range<F>(x + begin, out + begin, end - begin);
                            });
}

// out = f(x), where x is the first input, broadcast to the output's shape.
template <class T, class F>
void broadcast_map(op::KernelContext& context, const F& f) {
  const T* x = context.in<T>(0);
  T* out = context.out<T>(0);
  const BroadcastPlan<1> plan({&context.shape(0)}, context.output(0).shape);
  const bool moves = plan.inner_stride(0) != 0;
  for_each_row(plan, context.threads(), kElementwiseGrain,
               [=](std::int64_t to, const std::array<std::int64_t, 1>& from, std::int64_t count) {
                 if (moves) {
                   std::transform(x + from[0], x + from[0] + count, out + to, f);
                 } else {
                   std::fill_n(out + to, count, f(x[from[0]]));
                 }
               });
}

// ---- Rows ----

// The element types of a row.
template <class T0, class... T>
struct Types {
  using First = T0;
  static constexpr DTypeSet kSet = (set_of(DTypeOf<T0>::value) | ... | set_of(DTypeOf<T>::value));
  template <class F>
  static bool visit(DType dtype, F&& f) {
    return visit_dtype<T0, T...>(dtype, std::forward<F>(f));
  }
};
using Floats = Types<float, double, half, bfloat16>;
using Integers = Types<std::int32_t, std::int64_t, std::int8_t, std::int16_t, std::uint8_t>;
using SignedNumbers =
    Types<float, double, std::int32_t, std::int64_t, half, bfloat16, std::int8_t, std::int16_t>;
using Numbers = Types<float, double, std::int32_t, std::int64_t, half, bfloat16, std::int8_t,
                      std::int16_t, std::uint8_t>;
using NumbersAndBool = Types<float, double, std::int32_t, std::int64_t, half, bfloat16, std::int8_t,
                             std::int16_t, std::uint8_t, bool>;

// The shape of the inputs' broadcast; InvalidArgumentError "Incompatible shapes: [2,3] vs. [2,4]".
[[nodiscard]] Shape broadcast_of_inputs(const op::InferContext& context, int a, int b);

template <class F, class AllTypes>
void unary_cpu(op::KernelContext& context) {
  if (!AllTypes::visit(context.dtype(0), [&]<class T>() { unary_of<F, T>(context); })) {
    context.unsupported(context.dtype(0));
  }
}

template <class F, class AllTypes>
void binary_cpu(op::KernelContext& context) {
  if (!AllTypes::visit(context.dtype(0), [&]<class T>() { binary_of<F, T>(context); })) {
    context.unsupported(context.dtype(0));
  }
}

// Defined in the .cu of each family, through KEEN_UNARY_GPU and KEEN_BINARY_GPU.
template <class F, class AllTypes>
void unary_gpu(op::KernelContext& context);
template <class F, class AllTypes>
void binary_gpu(op::KernelContext& context);

void infer_unary(op::InferContext& context);
void infer_unary_bool(op::InferContext& context);
void infer_binary(op::InferContext& context);
void infer_binary_bool(op::InferContext& context);

// Rows of ops of one input x, and of two inputs x and y, which take AllTypes.
template <class F, class AllTypes>
constexpr op::Op unary_row(const char* name, op::GradientFunction gradient,
                           op::GradientReads gradient_reads = {}) {
  using Result = typename UnaryResult<F, typename AllTypes::First>::type;
  return {.name = name,
          .inputs = {{"x"}},
          .dtypes = AllTypes::kSet,
          .gradient_reads = gradient_reads,
          .infer = std::is_same_v<Result, bool> ? infer_unary_bool : infer_unary,
          .gradient = gradient,
          .cpu = unary_cpu<F, AllTypes>,
          .gpu = KEEN_GPU_KERNEL((unary_gpu<F, AllTypes>))};
}

template <class F, class AllTypes>
constexpr op::Op binary_row(const char* name, op::GradientFunction gradient,
                            op::GradientReads gradient_reads = {}) {
  using Result = typename BinaryResult<F, typename AllTypes::First>::type;
  return {.name = name,
          .inputs = {{"x"}, {"y"}},
          .dtypes = AllTypes::kSet,
          .gradient_reads = gradient_reads,
          .infer = std::is_same_v<Result, bool> ? infer_binary_bool : infer_binary,
          .gradient = gradient,
          .cpu = binary_cpu<F, AllTypes>,
          .gpu = KEEN_GPU_KERNEL((binary_gpu<F, AllTypes>))};
}

}  // namespace keen::detail
