#include <algorithm>
#include <cstdint>

#include "kernels/detail/concat.h"
#include "kernels/detail/fast_divide.h"
#include "kernels/detail/host_ints.h"
#include "kernels/detail/units.cuh"
#include "kernels/detail/wide_index.h"
#include "runtime/op/op.h"

namespace keen {
namespace {

using detail::FastDivisor;
using detail::global_thread;
using detail::global_threads;
using detail::kLoopBlock;

// Pieces that one launch moves.
constexpr int kMostPieces = 64;

// A row of the whole is `line` units; the pieces have those from starts[0] to starts[count]. Each
// has its own units of all rows one after another.
struct Pieces {
  void* data[kMostPieces] = {};
  std::int64_t starts[kMostPieces + 1] = {};
  int count = 0;
  bool wide = false;
  std::int64_t rows = 0;
  std::int64_t line = 0;
  FastDivisor fast_span = {};
};

// Goes through the rows of the whole, so that they are read or written without gaps.
template <class Unit>
__global__ void __launch_bounds__(kLoopBlock)
    pieces_kernel(Unit* whole, const __grid_constant__ Pieces pieces, bool split) {
  const std::int64_t span = pieces.starts[pieces.count] - pieces.starts[0];
  const std::int64_t n = pieces.rows * span;
  for (std::int64_t i = global_thread(); i < n; i += global_threads()) {
    const std::int64_t row =
        pieces.wide ? i / span
                    : std::int64_t{pieces.fast_span.divide(static_cast<std::uint32_t>(i))};
    const std::int64_t at = pieces.starts[0] + (i - row * span);
    int piece = 0;
    for (int above = pieces.count; above - piece > 1;) {
      const int middle = (piece + above) / 2;
      if (pieces.starts[middle] <= at) {
        piece = middle;
      } else {
        above = middle;
      }
    }
    const std::int64_t start = pieces.starts[piece];
    const std::int64_t width = pieces.starts[piece + 1] - start;
    Unit* const there = static_cast<Unit*>(pieces.data[piece]) + row * width + (at - start);
    Unit* const here = whole + row * pieces.line + at;
    if (split) {
      *there = *here;
    } else {
      *here = *there;
    }
  }
}

// The pieces from `first` on of which one launch takes care, in elements; empty ones are left out.
template <class PieceAt, class WidthAt>
int take_pieces(Pieces& pieces, int first, int total, PieceAt&& piece_at, WidthAt&& width_at) {
  int next = first;
  pieces.count = 0;
  for (; next < total && pieces.count < kMostPieces; ++next) {
    const std::int64_t width = width_at(next);
    if (width == 0) continue;
    pieces.data[pieces.count] = piece_at(next);
    pieces.starts[pieces.count + 1] = pieces.starts[pieces.count] + width;
    ++pieces.count;
  }
  return next;
}

void move(Device device, void* whole, Pieces pieces, std::size_t bytes, bool split) {
  const auto element = static_cast<std::int64_t>(bytes);
  std::size_t unit = detail::largest_unit({detail::address(whole), pieces.line * element});
  for (int i = 0; i < pieces.count; ++i) {
    unit = detail::largest_unit({static_cast<std::int64_t>(unit), detail::address(pieces.data[i]),
                                 pieces.starts[i] * element, pieces.starts[i + 1] * element});
  }
  const std::int64_t factor = static_cast<std::int64_t>(unit) / element;
  const std::int64_t span = pieces.starts[pieces.count] - pieces.starts[0];
  pieces.wide = pieces.rows * span >= detail::wide_index_limit();
  for (int i = 0; i <= pieces.count; ++i) pieces.starts[i] /= factor;
  pieces.line /= factor;
  if (!pieces.wide) pieces.fast_span = FastDivisor(span / factor);
  detail::visit_units(unit, [&]<class Unit>() {
    detail::launch<pieces_kernel<Unit>>(device,
                                        detail::loop_shape(device, pieces.rows * span / factor, 1),
                                        static_cast<Unit*>(whole), pieces, split);
  });
}

// All pieces, in as many launches as there are tables of them.
template <class PieceAt, class WidthAt>
void move_all(op::KernelContext& context, void* whole, const detail::Halves& halves, int total,
              bool split, PieceAt&& piece_at, WidthAt&& width_at) {
  Pieces pieces;
  pieces.rows = halves.outer;
  pieces.line = halves.inner;
  for (int next = 0; next < total;) {
    next = take_pieces(pieces, next, total, piece_at, width_at);
    if (pieces.count == 0) return;
    move(context.device(), whole, pieces, size_of(context.dtype(0)), split);
    pieces.starts[0] = pieces.starts[pieces.count];
  }
}

}  // namespace

void concat_gpu(op::KernelContext& context) {
  const Shape& whole = context.output(0).shape;
  if (whole.num_elements() == 0) return;
  const int axis =
      detail::axis_of(context.attrs<detail::ConcatArgs>().axis, whole.rank(), context.op_name());
  move_all(
      context, context.out<void>(0), detail::Halves(whole, axis), context.input_count(), false,
      [&](int i) { return const_cast<void*>(context.in<void>(i)); },
      [&](int i) { return detail::Halves(context.shape(i), axis).inner; });
}

void split_gpu(op::KernelContext& context) {
  const Shape& whole = context.shape(0);
  if (whole.num_elements() == 0) return;
  const int axis =
      detail::axis_of(context.attrs<detail::SplitArgs>().axis, whole.rank(), context.op_name());
  move_all(
      context, const_cast<void*>(context.in<void>(0)), detail::Halves(whole, axis),
      context.output_count(), true, [&](int i) { return context.out<void>(i); },
      [&](int i) { return detail::Halves(context.output(i).shape, axis).inner; });
}

}  // namespace keen
