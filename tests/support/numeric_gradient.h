// Gradients by finite differences.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/tensor/tensor.h"
#include "tests/support/op_case.h"

namespace keen::test {

// The floating tensors as `dtype`, others as they are.
[[nodiscard]] std::vector<Tensor> converted(const std::vector<Tensor>& tensors, DType dtype);

// Numbers in [-1, 1) that depend on nothing but their count and `seed`, of that spec.
[[nodiscard]] Tensor arbitrary(const TensorSpec& spec, std::uint64_t seed);

// Compares `gradients` (of the sum of the call's outputs times `cotangents`, undefined meaning
// zero) with central differences with respect to the elements of each floating input, of which at
// most `most_elements` per input are tried. What differs, one line each.
[[nodiscard]] std::vector<std::string> compare_with_differences(
    const OpCall& call, const std::vector<Tensor>& inputs, const std::vector<Tensor>& cotangents,
    const std::vector<Tensor>& gradients, std::size_t most_elements);

}  // namespace keen::test
