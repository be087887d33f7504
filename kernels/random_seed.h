// What the stateful random ops share: which seeds a call gets, and where its numbers begin.
#pragma once

#include <cstdint>
#include <optional>

#include "runtime/base/dtype.h"
#include "runtime/tensor/philox.h"
#include "runtime/tensor/random_state.h"

namespace keen::random {

// Arguments of every stateful random op (TensorFlow's attributes seed, seed2, dtype).
struct RandomOpArgs {
  std::int64_t seed = 0;
  std::int64_t seed2 = 0;
  DType dtype = DType::kFloat32;  // of the output
  // Address of the NodeStream of an op in a trace, which keeps it; 0 in eager execution, where all
  // calls with the same op, dtype and seeds go on from each other.
  std::uintptr_t stream = 0;
};

// The seeds of the next random op (get_seed of TensorFlow's random_seed): eager ones draw from the
// stream of the current RandomState, ops of a function being traced are counted per function.
// RuntimeError if there are none and determinism is enabled.
[[nodiscard]] OpSeeds get_seed(std::optional<std::int64_t> op_seed);

// The arguments of the next random op. In a function being traced they come with a stream of their
// own; every use of them is one node.
[[nodiscard]] RandomOpArgs next_op_args(DType dtype, std::optional<std::int64_t> op_seed);

// Where a run of a kernel begins, which sets `blocks` blocks aside. Calls with the same address
// `op_name` are one op.
[[nodiscard]] PhiloxState reserve(const char* op_name, const RandomOpArgs& args,
                                  std::uint64_t blocks);

// Blocks that TensorFlow's kernels set aside for `n` outputs, however many they use.
[[nodiscard]] constexpr std::uint64_t blocks_for_outputs(std::int64_t n) {
  return 256 * static_cast<std::uint64_t>(n);
}

}  // namespace keen::random
