// How a batch of matrix products, its inputs broadcast and its results perhaps added up, becomes
// calls for batches at fixed distances.
#pragma once

#include <array>
#include <cstdint>

#include "runtime/base/shape.h"

namespace keen::detail {

// out[...] (+)= op(a[...]) op(b[...]), matrices dense and row-major; distances in elements.
struct BatchProduct {
  struct Dim {
    std::int64_t size = 1;
    std::int64_t a = 0;
    std::int64_t b = 0;
    std::int64_t out = 0;
  };

  bool transpose_a = false;
  bool transpose_b = false;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::array<Dim, Shape::kMaxRank> dims{};  // outermost first
  int rank = 0;

  // Sets the dimensions from the batch shapes of both inputs and of the result, which broadcast to
  // `all`; results that fall on the same place are added up.
  void set_batch(const Shape& a_batch, const Shape& b_batch, const Shape& out_batch,
                 const Shape& all);
  // Merges what lies evenly spaced; makes rows of one matrix of products that share b, and one
  // sum of products that are added up, where memory allows it.
  void simplify();
  // Takes out the dimension for a batched call: the largest that is not added up. Size 1: none.
  [[nodiscard]] Dim take_batch();
};

}  // namespace keen::detail
