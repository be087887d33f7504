// Products of matrices on a GPU, on plain pointers.
#pragma once

#include "runtime/device/cuda/matrix_product.h"
#include "runtime/op/op.h"

namespace keen::detail {

// Enqueues the product by cuBLASLt, or by an own kernel where it has none; gpu_choice.h says which
// may be taken. `p` has no epilogue and no size of 0. UnimplementedError.
void product_gpu(op::KernelContext& context, const device::cuda::Product& p, const void* a,
                 const void* b, void* out);

}  // namespace keen::detail
