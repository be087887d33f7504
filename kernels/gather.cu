#include <cstdint>
#include <cstring>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/fast_divide.h"
#include "kernels/detail/gather.h"
#include "kernels/detail/indices.cuh"
#include "kernels/detail/units.cuh"
#include "kernels/detail/wide_index.h"
#include "runtime/op/op.h"

namespace keen {
namespace {

using detail::FastDivisor;
using detail::global_thread;
using detail::global_threads;
using detail::Indices;
using detail::kLoopBlock;

// Splits an index into what is outside of a dimension and the place along it.
struct Divisor {
  std::int64_t value = 1;
  FastDivisor fast = {};

  Divisor(std::int64_t divisor, bool wide) : value(divisor) {
    if (!wide && divisor > 0) fast = FastDivisor(divisor);
  }
  __device__ std::int64_t divide(std::int64_t index, bool wide) const {
    return wide ? index / value : std::int64_t{fast.divide(static_cast<std::uint32_t>(index))};
  }
};

// ---- GatherV2 ----

struct GatherPlan {
  std::int64_t n;
  std::int64_t limit;
  bool wide;
  Divisor line;
  Divisor count;
};

template <class Unit>
__global__ void __launch_bounds__(kLoopBlock)
    gather_kernel(const Unit* from, Indices indices, Unit* out,
                  const __grid_constant__ GatherPlan plan) {
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const std::int64_t row = plan.line.divide(i, plan.wide);
    const std::int64_t outer = plan.count.divide(row, plan.wide);
    const std::int64_t index = indices[row - outer * plan.count.value];
    Unit value = {};
    if (index >= 0 && index < plan.limit) {
      const std::int64_t at = i - row * plan.line.value;
      value = from[(outer * plan.limit + index) * plan.line.value + at];
    }
    out[i] = value;
  }
}

// ---- OneHot ----

struct OneHotPlan {
  std::int64_t n;
  bool wide;
  Divisor inner;
  Divisor depth;
};

template <class Bits>
__global__ void __launch_bounds__(kLoopBlock)
    one_hot_kernel(Indices indices, Bits* out, Bits on, Bits off,
                   const __grid_constant__ OneHotPlan plan) {
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const std::int64_t line = plan.inner.divide(i, plan.wide);
    const std::int64_t outer = plan.depth.divide(line, plan.wide);
    const std::int64_t at = line - outer * plan.depth.value;
    const std::int64_t inner = i - line * plan.inner.value;
    out[i] = indices[outer * plan.inner.value + inner] == at ? on : off;
  }
}

}  // namespace

void detail::gather_rows(Device device, const RowGather& rows, const void* from,
                         const void* indices, void* out) {
  const std::int64_t bytes = rows.outer * rows.count * rows.row_bytes;
  if (bytes == 0) return;
  const std::size_t unit = largest_unit({address(from), address(out), rows.row_bytes});
  const auto width = static_cast<std::int64_t>(unit);
  const bool wide = bytes / static_cast<std::int64_t>(rows.element_bytes) >= wide_index_limit();
  const GatherPlan plan{bytes / width, rows.limit, wide, Divisor(rows.row_bytes / width, wide),
                        Divisor(rows.count, wide)};
  visit_units(unit, [&]<class Unit>() {
    launch<gather_kernel<Unit>>(
        device, loop_shape(device, plan.n, 1), static_cast<const Unit*>(from),
        indices_of(indices, rows.index_type), static_cast<Unit*>(out), plan);
  });
}

void gather_gpu(op::KernelContext& context) {
  const Shape& params = context.shape(0);
  const int axis =
      detail::axis_of(context.attrs<detail::GatherArgs>().axis, params.rank(), context.op_name());
  const std::size_t bytes = size_of(context.dtype(0));
  detail::gather_rows(context.device(),
                      {.outer = detail::product(params, 0, axis),
                       .limit = params.dim(axis),
                       .count = context.shape(1).num_elements(),
                       .row_bytes = detail::product(params, axis + 1, params.rank()) *
                                    static_cast<std::int64_t>(bytes),
                       .element_bytes = bytes,
                       .index_type = context.dtype(1)},
                      context.in<void>(0), context.in<void>(1), context.out<void>(0));
}

void one_hot_gpu(op::KernelContext& context) {
  const auto& args = context.attrs<detail::OneHotAttrs>();
  const Shape& indices = context.shape(0);
  const int axis = detail::new_axis(args.axis, indices.rank());
  const TensorSpec& output = context.output(0);
  const std::int64_t n = output.shape.num_elements();
  const bool wide = n >= detail::wide_index_limit();
  const OneHotPlan plan{n, wide, Divisor(detail::product(indices, axis, indices.rank()), wide),
                        Divisor(args.depth, wide)};
  detail::NumbersAndBool::visit(output.dtype, [&]<class T>() {
    const T values[] = {static_cast<T>(static_cast<detail::Compute<T>>(args.on_value)),
                        static_cast<T>(static_cast<detail::Compute<T>>(args.off_value))};
    device::cuda::visit_bits(sizeof(T), [&]<class Bits>() {
      Bits bits[2];
      std::memcpy(bits, values, sizeof bits);
      detail::launch<one_hot_kernel<Bits>>(
          context.device(), detail::loop_shape(context.device(), n, 1),
          detail::indices_of(context.in<void>(0), context.dtype(0)), context.out<Bits>(0), bits[0],
          bits[1], plan);
    });
  });
}

}  // namespace keen
