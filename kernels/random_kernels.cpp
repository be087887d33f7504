#include "kernels/random_kernels.h"

#include <cstdint>

#include "kernels/elementwise.h"
#include "kernels/random_fill.h"
#include "kernels/shape_like.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/parallel.h"
#include "runtime/op/op.h"

namespace keen::random::detail {
namespace {

// Numbers below which a second thread costs more than it saves.
constexpr std::int64_t kCheapGrain = 16 * 1024;
constexpr std::int64_t kDearGrain = 4 * 1024;  // with logarithms and sines

template <class T, class Distribution>
void fill_output(op::KernelContext& context, const PhiloxState& start,
                 const Distribution& distribution, std::int64_t grain) {
  T* out = context.out<T>(0);
  device::cpu::parallel_for(context.threads(), context.output(0).shape.num_elements(), grain,
                            [&](std::int64_t begin, std::int64_t end) {
                              fill_part(start, distribution, begin, end, out);
                            });
}

template <template <class> class Distribution>
void fill_floating(op::KernelContext& context, const PhiloxState& start, std::int64_t grain) {
  visit_dtype<float, double, half, bfloat16>(context.output(0).dtype, [&]<class T>() {
    fill_output<T>(context, start, Distribution<T>{}, grain);
  });
}

std::string names_of(DTypeSet dtypes) {
  std::string names;
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16, DType::kFloat32, DType::kFloat64,
                            DType::kInt32, DType::kInt64}) {
    if (contains(dtypes, dtype)) {
      names += text(names.empty() ? "" : ", ", dtype);
    }
  }
  return names;
}

}  // namespace

void fill_uniform(op::KernelContext& context, const PhiloxState& start) {
  fill_floating<Uniform>(context, start, kCheapGrain);
}

void fill_normal(op::KernelContext& context, const PhiloxState& start) {
  fill_floating<Normal>(context, start, kDearGrain);
}

void fill_truncated_normal(op::KernelContext& context, const PhiloxState& start) {
  fill_floating<TruncatedNormal>(context, start, kDearGrain);
}

void check_bounds(const op::KernelContext& context, int bounds) {
  if (context.output(0).shape.num_elements() == 0) {
    return;
  }
  visit_dtype<std::int32_t, std::int64_t>(context.output(0).dtype, [&]<class T>() {
    const T minval = *context.in<T>(bounds);
    const T maxval = *context.in<T>(bounds + 1);
    if (minval >= maxval) {
      throw InvalidArgumentError(
          text(context.op_name(), ": Need minval < maxval, got ", minval, " >= ", maxval));
    }
  });
}

void fill_uniform_int(op::KernelContext& context, const PhiloxState& start, int bounds) {
  visit_dtype<std::int32_t, std::int64_t>(context.output(0).dtype, [&]<class T>() {
    const auto distribution =
        UniformInt<T>::between(*context.in<T>(bounds), *context.in<T>(bounds + 1));
    fill_output<T>(context, start, distribution, kCheapGrain);
  });
}

void fill_full_int(op::KernelContext& context, const PhiloxState& start) {
  visit_dtype<std::int32_t, std::int64_t>(context.output(0).dtype, [&]<class T>() {
    fill_output<T>(context, start, UniformFullInt<T>{}, kCheapGrain);
  });
}

void infer_random(op::InferContext& context, DType dtype, DTypeSet dtypes) {
  if (!contains(dtypes, dtype)) {
    throw InvalidArgumentError(text(context.op_name(), ": Value for attr 'dtype' of ", dtype,
                                    " is not in the list of allowed values: ", names_of(dtypes)));
  }
  context.set_output(0, dtype, keen::detail::shape_input(context, 0));
}

DType bounds_dtype(const op::InferContext& context, int bounds) {
  constexpr const char* kNames[] = {"minval", "maxval"};
  for (int i = 0; i < 2; ++i) {
    const Shape& shape = context.shape(bounds + i);
    if (shape.has_rank() && shape.rank() != 0) {
      throw InvalidArgumentError(
          text(context.op_name(), ": ", kNames[i], " must be 0-D, got shape ", brackets(shape)));
    }
  }
  return context.dtype(bounds);
}

void check_dtype(const char* api, DType dtype, DTypeSet dtypes) {
  if (!contains(dtypes, dtype)) {
    throw ValueError(text(api, ": Argument `dtype` got invalid value ", dtype,
                          ". Accepted dtypes are (", names_of(dtypes), ")."));
  }
}

Tensor scale_uniform(const Tensor& uniform, const Tensor& minval, const Tensor& maxval) {
  return uniform * (maxval - minval) + minval;
}

Tensor scale_normal(const Tensor& normal, const Tensor& mean, const Tensor& stddev) {
  return normal * stddev + mean;
}

}  // namespace keen::random::detail
