// Lists of integers that ops read on the host: axes, paddings, windows.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base/ints.h"
#include "runtime/tensor/tensor.h"

namespace keen::detail {

// The elements of an int32 or int64 tensor in host memory.
[[nodiscard]] std::vector<std::int64_t> host_ints(const Tensor& tensor);

// `axis` counted from the front. InvalidArgumentError "Op: axis 3 is out of range [-2, 2)" outside.
[[nodiscard]] int axis_of(std::int64_t axis, int rank, const char* op_name);

}  // namespace keen::detail
