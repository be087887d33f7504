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

class WideIndices {
 public:
  WideIndices() { detail::set_wide_index_limit(1); }
  WideIndices(const WideIndices&) = delete;
  WideIndices& operator=(const WideIndices&) = delete;
  ~WideIndices() { detail::set_wide_index_limit(0); }
};

TEST(gpu_elementwise, broadcasts_as_the_cpu) {
  const auto broadcasts = [](const op::Op& row, DType dtype) {
    compare_devices(row, dtype, {Shape({7, 1, 3}), Shape({1, 5, 1})});
    compare_devices(row, dtype, {Shape({4, 6}), Shape({6})});
  };
  each_row_and_type(is_binary, broadcasts);
  const WideIndices wide;
  each_row_and_type(is_binary, broadcasts);
}

TEST(gpu_elementwise, casts_as_the_cpu) {
  for (int from = 1; from < static_cast<int>(DType::kString); ++from) {
    for (int to = 1; to < static_cast<int>(DType::kString); ++to) {
      if (from == to) continue;
      const DeviceScope scope(cpu());
      const Tensor x = some({1027}, static_cast<DType>(from), 5, false);
      const Tensor there = cast(copy_to(x, gpu()), static_cast<DType>(to));
      EXPECT_EQ(
          exact_difference(text("cast of ", x.spec()), there, cast(x, static_cast<DType>(to))), "");
    }
  }
}

TEST(gpu_elementwise, selects_as_the_cpu) {
  for (int type = 1; type < static_cast<int>(DType::kString); ++type) {
    const auto dtype = static_cast<DType>(type);
    for (const Shape& shape : {Shape({2051}), Shape({}), Shape({1, 7})}) {
      const DeviceScope scope(cpu());
      const Tensor x = some({5, 7}, dtype, 1, false);
      const Tensor condition =
          some(shape == Shape({2051}) ? Shape({5, 7}) : shape, DType::kBool, 2, false);
      const Tensor y = some({7}, dtype, 3, false);
      const Tensor there = where(copy_to(condition, gpu()), copy_to(x, gpu()), copy_to(y, gpu()));
      EXPECT_EQ(exact_difference(text("where of ", x.spec()), there, where(condition, x, y)), "");
    }
  }
}

TEST(gpu_core_ops, of_every_type_equal_the_cpu) {
  for (int type = 1; type < static_cast<int>(DType::kBool); ++type) {
    const auto dtype = static_cast<DType>(type);
    const DeviceScope scope(cpu());
    const Tensor x = some({1031}, dtype, 1, false);
    const Tensor y = some({1031}, dtype, 2, false);
    std::vector<Tensor> here(40, x);
    std::vector<Tensor> there(40, copy_to(x, gpu()));
    EXPECT_EQ(exact_difference(text("add_n of ", x.spec()), add_n(there), add_n(here)), "");
    const Variable a(x);
    Variable b;
    {
      const DeviceScope on_gpu(gpu());
      b = Variable(x);
    }
    ASSERT_EQ(b.device(), gpu());
    a.assign_add(y).assign_add(y).assign_sub(x);
    b.assign_add(y).assign_add(y).assign_sub(x);
    EXPECT_EQ(exact_difference(text("variable of ", x.spec()), b.value(), a.value()), "");
    const Tensor filled = fill({1031}, 3, dtype);
    const DeviceScope on_gpu(gpu());
    EXPECT_EQ(exact_difference(text("fill of ", x.spec()), fill({1031}, 3, dtype), filled), "");
  }
}

}  // namespace
}  // namespace keen::test
