#include "kernels/detail/host_ints.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen::detail {

std::vector<std::int64_t> host_ints(const Tensor& tensor) {
  if (tensor.dtype() == DType::kInt64) return tensor.to_vector<std::int64_t>();
  const std::vector<std::int32_t> narrow = tensor.to_vector<std::int32_t>();
  return {narrow.begin(), narrow.end()};
}

int axis_of(std::int64_t axis, int rank, const char* op_name) {
  if (axis < -rank || axis >= rank) {
    throw InvalidArgumentError(text(op_name, ": axis ", axis, " is out of range [", -rank, ", ",
                                    rank, ") [Op:", op_name, "]"));
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace keen::detail
