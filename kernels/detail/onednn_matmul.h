// Matrix products by oneDNN.
#pragma once

#include "kernels/detail/gemm.h"

namespace keen::device {
class DeviceContext;
}

namespace keen::detail {

// gemm() for float32 and more than small work; sizes above zero. InternalError if oneDNN fails.
void onednn_gemm(device::DeviceContext& device, const GemmShape& shape, const float* a,
                 const float* b, float* c);

}  // namespace keen::detail
