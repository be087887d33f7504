// What stateful and stateless random ops share: they differ only in where their numbers begin.
#pragma once

#include <cstdint>

#include "kernels/random_parameter.h"
#include "runtime/base/dtype.h"
#include "runtime/tensor/philox.h"
#include "runtime/tensor/tensor.h"

namespace keen {
namespace op {
class InferContext;
class KernelContext;
}  // namespace op

namespace random::detail {

inline constexpr DTypeSet kUniformIntTypes = set_of(DType::kInt32, DType::kInt64);

// CPU kernels: fill output 0 with the numbers from `start` on. The output has a type that its
// distribution has, which infer checks: a floating one, or one of kUniformIntTypes.
void fill_uniform(op::KernelContext& context, const PhiloxState& start);
void fill_normal(op::KernelContext& context, const PhiloxState& start);
void fill_truncated_normal(op::KernelContext& context, const PhiloxState& start);
// Inputs `bounds` and `bounds + 1` are minval and maxval. InvalidArgumentError, unless the output
// is empty, where minval >= maxval.
void check_bounds(const op::KernelContext& context, int bounds);
void fill_uniform_int(op::KernelContext& context, const PhiloxState& start, int bounds);
void fill_full_int(op::KernelContext& context, const PhiloxState& start);

// Where a GPU begins: what the host knows, or a key [1] and a counter [2] in the GPU's memory.
struct GpuStart {
  PhiloxState known = {};
  const std::uint64_t* key = nullptr;
  const std::uint64_t* counter = nullptr;
};

// The same on a GPU, one launch each: random_kernels.cu.
void fill_uniform_gpu(op::KernelContext& context, const GpuStart& start);
void fill_normal_gpu(op::KernelContext& context, const GpuStart& start);
void fill_truncated_normal_gpu(op::KernelContext& context, const GpuStart& start);
void fill_uniform_int_gpu(op::KernelContext& context, const GpuStart& start, int bounds);
void fill_full_int_gpu(op::KernelContext& context, const GpuStart& start);

// Shape rule: `dtype` under the shape that input 0 holds. InvalidArgumentError for a dtype outside
// of `dtypes`.
void infer_random(op::InferContext& context, DType dtype, DTypeSet dtypes);
// The type that minval and maxval, inputs `bounds` and `bounds + 1`, share. InvalidArgumentError
// unless they are scalars.
[[nodiscard]] DType bounds_dtype(const op::InferContext& context, int bounds);

// ValueError, naming the API and the types that it takes, unless dtype is one of them.
void check_dtype(const char* api, DType dtype, DTypeSet dtypes);

// uniform * (maxval - minval) + minval and normal * stddev + mean, each step rounded.
[[nodiscard]] Tensor scale_uniform(const Tensor& uniform, const Tensor& minval,
                                   const Tensor& maxval);
[[nodiscard]] Tensor scale_normal(const Tensor& normal, const Tensor& mean, const Tensor& stddev);

}  // namespace random::detail
}  // namespace keen
