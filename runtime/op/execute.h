// The funnel: every op, in every mode, goes through here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "runtime/op/call.h"
#include "runtime/op/op.h"

namespace keen::op {

// Checks, infers the outputs' specs and places the call; then appends a node to the trace if a
// function is being traced and the call depends on it, or else runs the kernel; then tells the
// tapes. Errors name the op, the argument and its spec. InvalidArgumentError for a wrong number of
// inputs, an input that is missing, or dtypes that differ; UnimplementedError for a dtype without a
// kernel.
Outputs execute(const Op& op, const Inputs& inputs, AttrsView attrs = {},
                std::span<const Variable> variables = {});

// Tells the tapes of a computation that went through execute() piece by piece, or not at all, as
// one call that carries its own gradient (tf.custom_gradient). The pieces must have run within a
// QuietScope; `since` is position() before them.
void record_custom(const Inputs& inputs, Outputs& outputs,
                   const std::shared_ptr<const Backward>& backward, std::int64_t since);
// How many calls the thread's trace has; 0 where nothing is traced.
[[nodiscard]] std::int64_t trace_position();

}  // namespace keen::op
