#include "runtime/op/op.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/gradient.h"

// The linker's bounds of the section that KEEN_OP fills.
extern "C" {
[[gnu::visibility("hidden")]] extern const keen::op::Op* const __start_keen_ops[];  // NOLINT
[[gnu::visibility("hidden")]] extern const keen::op::Op* const __stop_keen_ops[];   // NOLINT
}

namespace keen::op {

void not_differentiable(GradientContext&) {}

std::span<const Op* const> all() {
  return {__start_keen_ops, static_cast<std::size_t>(__stop_keen_ops - __start_keen_ops)};
}

const Tensor& GradientContext::value_of(const Saved& saved, const char* what, int i) const {
  if (!saved.value.defined()) {
    throw InternalError(text(op_name_, ": the gradient reads ", what, " ", i,
                             ", which the row's gradient_reads does not name"));
  }
  return saved.value;
}

Tensor GradientContext::output_gradient_or_zeros(int i) const {
  const Tensor& gradient = output_gradient(i);
  if (gradient.defined()) return gradient;
  const TensorSpec& spec = output_spec(i);
  return fill(spec.shape, 0.0, spec.dtype);
}

}  // namespace keen::op
