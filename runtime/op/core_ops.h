// The few ops that the runtime's own mechanisms need.
#pragma once

#include <span>
#include <vector>

#include "runtime/base/spec.h"
#include "runtime/op/op.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen {

namespace op {

extern const Op kIdentity;
extern const Op kCopy;
extern const Op kFill;
extern const Op kAddN;
extern const Op kReadVariable;
extern const Op kAssignVariable;
extern const Op kAssignAddVariable;
extern const Op kAssignSubVariable;

struct FillArgs {
  Shape shape;
  double value = 0;
  DType dtype = DType::kFloat32;
};

// Where ops run that nothing else places: the first GPU, or cpu:0 if there is none.
[[nodiscard]] Device default_device();

}  // namespace op

// The same elements as a tensor of its own (tf.identity).
[[nodiscard]] Tensor identity(const Tensor& input);
// The elements on another device; the tensor itself if it is there. Its gradient comes back.
[[nodiscard]] Tensor copy_to(const Tensor& input, Device device);
// `shape` of one number, converted to `dtype` as static_cast does.
[[nodiscard]] Tensor fill(const Shape& shape, double value, DType dtype = DType::kFloat32);
// Sum of tensors of one spec (tf.add_n), from left to right. ValueError for an empty list,
// InvalidArgumentError for differing shapes.
[[nodiscard]] Tensor add_n(std::span<const Tensor> inputs);

}  // namespace keen
