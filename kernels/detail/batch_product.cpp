#include "kernels/detail/batch_product.h"

#include <algorithm>

namespace keen::detail {
namespace {

// Distances of the matrices of `batch`, aligned to the end of `all`; 0 where it stands still.
void fill(const Shape& batch, const Shape& all, std::int64_t matrix,
          std::int64_t BatchProduct::Dim::*distance, BatchProduct* product) {
  std::int64_t step = matrix;
  for (int i = batch.rank() - 1; i >= 0; --i) {
    const std::int64_t size = batch.dim(i);
    auto& dim = product->dims[static_cast<std::size_t>(i + all.rank() - batch.rank())];
    dim.*distance = size == 1 ? 0 : step;
    step *= size;
  }
}

bool follows(const BatchProduct::Dim& outer, const BatchProduct::Dim& inner) {
  return outer.a == inner.size * inner.a && outer.b == inner.size * inner.b &&
         outer.out == inner.size * inner.out;
}

}  // namespace

void BatchProduct::set_batch(const Shape& a_batch, const Shape& b_batch, const Shape& out_batch,
                             const Shape& all) {
  rank = all.rank();
  for (int i = 0; i < rank; ++i) dims[static_cast<std::size_t>(i)] = {all.dim(i), 0, 0, 0};
  fill(a_batch, all, m * k, &Dim::a, this);
  fill(b_batch, all, k * n, &Dim::b, this);
  fill(out_batch, all, m * n, &Dim::out, this);
}

void BatchProduct::simplify() {
  const auto* const last =
      std::remove_if(dims.begin(), dims.begin() + rank, [](const Dim& d) { return d.size == 1; });
  int kept = 0;
  for (const auto* dim = dims.begin(); dim != last; ++dim) {
    if (kept != 0 && follows(dims[static_cast<std::size_t>(kept - 1)], *dim)) {
      Dim& outer = dims[static_cast<std::size_t>(kept - 1)];
      outer = {outer.size * dim->size, dim->a, dim->b, dim->out};
    } else {
      dims[static_cast<std::size_t>(kept++)] = *dim;
    }
  }
  rank = kept;
  if (rank == 0) return;
  const Dim& inner = dims[static_cast<std::size_t>(rank - 1)];
  if (!transpose_a && inner.a == m * k && inner.b == 0 && inner.out == m * n) {
    m *= inner.size;
    --rank;
  } else if (transpose_a && !transpose_b && inner.a == m * k && inner.b == k * n &&
             inner.out == 0) {
    k *= inner.size;
    --rank;
  }
}

BatchProduct::Dim BatchProduct::take_batch() {
  int best = -1;
  for (int i = 0; i < rank; ++i) {
    const Dim& dim = dims[static_cast<std::size_t>(i)];
    if (dim.out != 0 && (best < 0 || dim.size > dims[static_cast<std::size_t>(best)].size)) {
      best = i;
    }
  }
  if (best < 0) return {};
  const Dim taken = dims[static_cast<std::size_t>(best)];
  std::copy(dims.begin() + best + 1, dims.begin() + rank, dims.begin() + best);
  --rank;
  return taken;
}

}  // namespace keen::detail
