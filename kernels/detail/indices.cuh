// Indices of either type in kernels.
#pragma once

#include <cstdint>

#include "runtime/base/dtype.h"

namespace keen::detail {

struct Indices {
  const void* data = nullptr;
  bool wide = false;  // int64, else int32

  __device__ std::int64_t operator[](std::int64_t i) const {
    return wide ? static_cast<const std::int64_t*>(data)[i]
                : std::int64_t{static_cast<const std::int32_t*>(data)[i]};
  }
};

[[nodiscard]] inline Indices indices_of(const void* data, DType dtype) {
  return {data, dtype == DType::kInt64};
}

}  // namespace keen::detail
