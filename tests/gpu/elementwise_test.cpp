// Every elementwise row in every dtype, beside the CPU: whole vectors with a tail, fewer elements
// than a vector, one number for an input, broadcasts with indices of 32 and of 64 bits.
#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/detail/elementwise_loops.h"
#include "kernels/detail/wide_index.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/support/compare.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

bool is_unary(const op::Op& row) {
  return row.infer == detail::infer_unary || row.infer == detail::infer_unary_bool;
}

bool is_binary(const op::Op& row) {
  return row.infer == detail::infer_binary || row.infer == detail::infer_binary_bool;
}

// Numbers of both signs; as divisors and exponents they are positive.
Tensor some(const Shape& shape, DType dtype, std::uint64_t seed, bool positive) {
  const Tensor base = arbitrary({float32, shape}, seed);
  std::vector<float> values = base.to_vector<float>();
  for (float& value : values) {
    value = positive ? 1.0F + static_cast<float>(static_cast<int>(value * 3.0F + 3.0F)) * 0.5F
                     : value * 4.0F;
  }
  return cast(Tensor::from_vector(values, shape), dtype);
}

// Math functions differ in their last bits; what IEEE 754 rounds is the same everywhere.
Tolerance tolerance_of(DType dtype) { return is_floating(dtype) ? kTranscendental : kExact; }

Tensor run(const op::Op& row, const std::vector<Tensor>& inputs, Device device) {
  const DeviceScope scope(device);
  std::vector<Tensor> there;
  for (const Tensor& input : inputs) there.push_back(copy_to(input, device));
  return op::execute(row, op::InputList(std::span<const Tensor>(there)))[0];
}

void compare_devices(const op::Op& row, DType dtype, const std::vector<Shape>& shapes) {
  const DeviceScope scope(cpu());
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    inputs.push_back(some(shapes[i], dtype, i + 1, i == 1 && is_integer(dtype)));
  }
  const std::string what = text(row.name, " of ", inputs[0].spec());
  EXPECT_EQ(difference(what, run(row, inputs, gpu()), run(row, inputs, cpu()), tolerance_of(dtype)),
            "");
}

template <class Run>
void each_row_and_type(bool (*wanted)(const op::Op&), Run&& run) {
  int rows = 0;
  for (const op::Op* row : op::all()) {
    if (!wanted(*row) || row->shares_input) continue;
    ++rows;
    for (int type = 1; type < static_cast<int>(DType::kString); ++type) {
      const auto dtype = static_cast<DType>(type);
      if (contains(row->dtypes, dtype)) run(*row, dtype);
    }
  }
  EXPECT_GT(rows, 20);
}

TEST(gpu_elementwise, of_one_input_equals_the_cpu) {
  each_row_and_type(is_unary, [](const op::Op& row, DType dtype) {
    compare_devices(row, dtype, {Shape({2051})});
    compare_devices(row, dtype, {Shape({3})});
  });
}

TEST(gpu_elementwise, of_two_inputs_equals_the_cpu) {
  each_row_and_type(is_binary, [](const op::Op& row, DType dtype) {
    compare_devices(row, dtype, {Shape({2051}), Shape({2051})});
    compare_devices(row, dtype, {Shape({5}), Shape({})});
    compare_devices(row, dtype, {Shape({}), Shape({33})});
  });
}

TEST(gpu_elementwise, broadcasts_as_the_cpu) {
  const auto broadcasts = [](const op::Op& row, DType dtype) {
    compare_devices(row, dtype, {Shape({7, 1, 3}), Shape({1, 5, 1})});
    compare_devices(row, dtype, {Shape({4, 6}), Shape({6})});
  };
  each_row_and_type(is_binary, broadcasts);
  const WideIndices wide;
  each_row_and_type(is_binary, broadcasts);
}

// Made on the CPU, where all numbers of these tests come from.
Tensor made_here(const Shape& shape, DType dtype, std::uint64_t seed) {
  const DeviceScope scope(cpu());
  return some(shape, dtype, seed, false);
}

TEST(gpu_elementwise, casts_as_the_cpu) {
  for (int from = 1; from < static_cast<int>(DType::kString); ++from) {
    const Tensor x = made_here({1027}, static_cast<DType>(from), 5);
    for (int to = 1; to < static_cast<int>(DType::kString); ++to) {
      if (from == to) continue;
      const auto dtype = static_cast<DType>(to);
      expect_bits_of_cpu(
          text("cast of ", x.spec(), " to ", dtype),
          [&](const std::vector<Tensor>& in) { return std::vector<Tensor>{cast(in[0], dtype)}; },
          {x});
    }
  }
}

TEST(gpu_elementwise, selects_as_the_cpu) {
  for (int type = 1; type < static_cast<int>(DType::kString); ++type) {
    const auto dtype = static_cast<DType>(type);
    for (const Shape& shape : {Shape({5, 7}), Shape({}), Shape({1, 7})}) {
      const Tensor condition = made_here(shape, DType::kBool, 2);
      const Tensor x = made_here({5, 7}, dtype, 1);
      expect_bits_of_cpu(text("where of ", x.spec()),
                         [](const std::vector<Tensor>& in) {
                           return std::vector<Tensor>{where(in[0], in[1], in[2])};
                         },
                         {condition, x, made_here({7}, dtype, 3)});
    }
  }
}

TEST(gpu_core_ops, of_every_type_equal_the_cpu) {
  for (int type = 1; type < static_cast<int>(DType::kBool); ++type) {
    const auto dtype = static_cast<DType>(type);
    const Tensor x = made_here({1031}, dtype, 1);
    expect_bits_of_cpu(text("core ops of ", x.spec()),
                       [&](const std::vector<Tensor>& in) {
                         const Variable variable(in[0]);
                         variable.assign_add(in[1]).assign_add(in[1]).assign_sub(in[0]);
                         return std::vector<Tensor>{add_n(std::vector<Tensor>(40, in[0])),
                                                    variable.value(), fill({1031}, 3, dtype)};
                       },
                       {x, made_here({1031}, dtype, 2)});
  }
}

}  // namespace
}  // namespace keen::test
