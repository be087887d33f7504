// Batch normalization beside the CPU: channels that are whole vectors and such that are not, one
// tile of them and several, one part of the rows and several, both forms, channels second.
#include "kernels/batch_norm.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/transpose.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> list = {
      Shape({2, 3, 3, 1}),   Shape({3, 5, 5, 3}),    Shape({4, 7, 7, 10}),   Shape({1, 1, 1, 4}),
      Shape({2, 9, 9, 64}),  Shape({2, 5, 5, 68}),   Shape({2, 5, 5, 70}),   Shape({3, 4, 4, 200}),
      Shape({2, 3, 4, 130}), Shape({2, 60, 60, 32}), Shape({2, 80, 40, 3}),  Shape({2, 3, 4, 5, 6}),
      Shape({0, 2, 2, 5}),   Shape({2, 2, 2, 0}),    Shape({16, 40, 40, 20})};
  return list;
}

Tensor vector_of(const Tensor& x, std::uint64_t seed, double offset) {
  return cast(arbitrary({float32, Shape({x.shape().dim(x.rank() - 1)})}, seed) + offset, x.dtype());
}

std::vector<Tensor> list(op::Outputs outputs) {
  std::vector<Tensor> all;
  for (int i = 0; i < outputs.size(); ++i) all.push_back(outputs[i]);
  return all;
}

std::vector<Tensor> forward_inputs(const Shape& shape, DType dtype) {
  const Tensor x = arbitrary({dtype, shape}, 5) * 2.0 + 0.5;
  return {x, vector_of(x, 1, 1.5), vector_of(x, 2, 0.0), vector_of(x, 3, 0.0),
          vector_of(x, 4, 2.0)};
}

template <class F>
void each_case(F&& f) {
  for (const DType dtype : {float32, float64}) {
    for (const Shape& shape : shapes()) {
      for (const bool training : {true, false}) f(shape, dtype, training);
    }
  }
}

TEST(gpu_batch_norm, forward_as_the_cpu) {
  const DeviceScope scope(cpu());
  each_case([](const Shape& shape, DType dtype, bool training) {
    for (const op::Op* row : {&op::kFusedBatchNormV3, &op::kFusedBatchNormEx}) {
      const FusedBatchNormArgs args{.is_training = training, .exponential_avg_factor = 0.25F};
      const bool empty = shape.num_elements() == 0;
      expect_as_cpu(
          text(row->name, " of ", dtype, shape, training ? " in training" : " in inference"),
          [&](const std::vector<Tensor>& in) {
            return list(op::execute(*row, {in[0], in[1], in[2], in[3], in[4]}, args));
          },
          forward_inputs(shape, dtype), kContraction,
          empty      ? -1
          : training ? 2
                     : 1);
    }
  });
}

TEST(gpu_batch_norm, gradients_as_the_cpu) {
  const DeviceScope scope(cpu());
  each_case([](const Shape& shape, DType dtype, bool training) {
    const FusedBatchNormArgs args{.is_training = training};
    const auto in = forward_inputs(shape, dtype);
    const auto forward =
        list(op::execute(op::kFusedBatchNormV3, {in[0], in[1], in[2], in[3], in[4]}, args));
    const Tensor dy = arbitrary({dtype, shape}, 9);
    const auto what =
        text("gradient of ", dtype, shape, training ? " in training" : " in inference");
    const int launches = shape.num_elements() == 0 ? -1 : 2;
    expect_as_cpu(
        what,
        [&](const std::vector<Tensor>& x) {
          return list(op::execute(op::kFusedBatchNormGradV3, {x[0], x[1], x[2], x[3], x[4]}, args));
        },
        {dy, in[0], in[1], forward[3], forward[4]}, kGradients, launches);
    expect_as_cpu(
        what + " rectified",
        [&](const std::vector<Tensor>& x) {
          return list(
              op::execute(op::kFusedBatchNormGradEx, {x[0], x[1], x[2], x[3], x[4], x[5]}, args));
        },
        {dy, in[0], in[1], forward[3], forward[4], in[2]}, kGradients, launches);
  });
}

// A mean that is large beside the deviation costs no digits of the variance.
TEST(gpu_batch_norm, far_from_zero) {
  const DeviceScope scope(cpu());
  auto in = forward_inputs({8, 30, 30, 12}, float32);
  in[0] = in[0] + 3000.0;
  expect_as_cpu("far from zero",
                [&](const std::vector<Tensor>& x) {
                  return list(op::execute(op::kFusedBatchNormV3, {x[0], x[1], x[2], x[3], x[4]},
                                          FusedBatchNormArgs{}));
                },
                in, {1e-4, 1e-3});
}

TEST(gpu_batch_norm, channels_second) {
  const DeviceScope scope(cpu());
  const auto in = forward_inputs({2, 5, 3, 7}, float32);
  const Tensor dy = arbitrary({float32, Shape({2, 5, 3, 7})}, 9);
  const auto both = [](DataFormat format) {
    return [format](const std::vector<Tensor>& x) {
      const FusedBatchNormArgs args{.data_format = format};
      auto results =
          list(op::execute(op::kFusedBatchNormEx, {x[0], x[1], x[2], Tensor(), Tensor()}, args));
      const auto gradients = list(op::execute(
          op::kFusedBatchNormGradEx, {x[3], x[0], x[1], results[3], results[4], x[2]}, args));
      results.insert(results.end(), gradients.begin(), gradients.end());
      return results;
    };
  };
  const auto want = run_on(cpu(), both(DataFormat::kNHWC), {in[0], in[1], in[2], dy});
  const auto got =
      run_on(gpu(), both(DataFormat::kNCHW),
             {transpose(in[0], {0, 3, 1, 2}), in[1], in[2], transpose(dy, {0, 3, 1, 2})});
  for (std::size_t i = 0; i < want.size(); ++i) {
    const Tensor here = copy_to(got[i], cpu());
    const Tensor last = here.rank() == 4 ? transpose(here, {0, 2, 3, 1}) : here;
    EXPECT_EQ(difference(text("output ", i), last, want[i], kGradients), "");
  }
}

}  // namespace
}  // namespace keen::test
