// Matrix products (tf.linalg.matmul).
#pragma once

#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"

namespace keen {

struct MatmulArgs {
  bool transpose_a = false;
  bool transpose_b = false;
  bool adjoint_a = false;  // the same as transpose_a for real numbers
  bool adjoint_b = false;
};

// op(a) op(b) over the last two dimensions: a is [..., m, k], b is [..., k, n] (with the last two
// exchanged where transposed), the result [..., m, n]. Dimensions before those broadcast. An
// inner dimension of 0 gives zeros. float32 and float64; on GPUs float16 and bfloat16 as well,
// whose sums are in float32. InvalidArgumentError for ranks below two and sizes that don't fit,
// ValueError for both transpose and adjoint of one side.
[[nodiscard]] Tensor matmul(const Tensor& a, const Tensor& b, const MatmulArgs& args = {});

namespace linalg {
using keen::matmul;
}  // namespace linalg

namespace op {

struct MatMulArgs {
  bool transpose_a = false;
  bool transpose_b = false;
};

struct BatchMatMulArgs {
  MatMulArgs product;
  // The result's dimensions before the last two; products that fall on the same place are added up.
  // Unknown: those that the inputs broadcast to.
  Shape batch = Shape::unknown();
};

extern const Op kMatMul;         // two matrices; MatMulArgs
extern const Op kBatchMatMulV2;  // any ranks; BatchMatMulArgs

}  // namespace op
}  // namespace keen
