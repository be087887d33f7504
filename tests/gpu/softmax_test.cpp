// Softmax and cross entropies beside the CPU: rows of each kind of group, kept in a block's memory
// or read again, along axes with neighbours and without.
#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/softmax_cross_entropy.h"
#include "runtime/base/text.h"
#include "runtime/op/execute.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

struct Work {
  Shape shape;
  int axis;
};

const std::vector<Work>& works() {
  static const std::vector<Work> list = {
      {Shape({5, 1}), -1},     {Shape({70, 3}), -1},   {Shape({130, 10}), -1},
      {Shape({9, 32}), -1},    {Shape({9, 33}), -1},   {Shape({3, 1000}), -1},
      {Shape({2, 1500}), -1},  {Shape({2, 9000}), -1}, {Shape({2, 3, 5}), 1},
      {Shape({2, 20, 70}), 1}, {Shape({40, 8200}), 0}, {Shape({2, 40, 5}), 1},
      {Shape({1100, 3}), 0},   {Shape({30000, 2}), -1}};
  return list;
}

Tensor some(const Shape& shape, DType dtype, std::uint64_t seed) {
  return arbitrary({dtype, shape}, seed);
}

template <class F>
void each_work(F&& f) {
  for (const DType dtype : {float32, float64}) {
    for (const Work& work : works()) f(work, dtype);
  }
}

TEST(gpu_softmax, as_the_cpu) {
  each_work([](const Work& work, DType dtype) {
    const Tensor x = some(work.shape, dtype, 3);
    expect_as_cpu(
        text("softmax of ", x.spec(), " along ", work.axis),
        [&](const std::vector<Tensor>& in) {
          return std::vector{nn::softmax(in[0], {.axis = work.axis})};
        },
        {x}, kContraction, 1);
    expect_as_cpu(
        text("log_softmax of ", x.spec(), " along ", work.axis),
        [&](const std::vector<Tensor>& in) {
          return std::vector{nn::log_softmax(in[0], {.axis = work.axis})};
        },
        {x}, kContraction, 1);
  });
}

std::vector<Tensor> both(op::Outputs outputs) { return {outputs[0], outputs[1]}; }

TEST(gpu_softmax, cross_entropies_as_the_cpu) {
  each_work([](const Work& work, DType dtype) {
    const Tensor x = some(work.shape, dtype, 3);
    expect_as_cpu(
        text("cross entropy of ", x.spec(), " along ", work.axis),
        [&](const std::vector<Tensor>& in) {
          return both(op::execute(op::kSoftmaxCrossEntropyWithLogits, {in[0], in[1]},
                                  SoftmaxCrossEntropyArgs{.axis = work.axis}));
        },
        {x, some(work.shape, dtype, 4)}, {1e-5, 1e-5}, 1);  // labels of both signs cancel
    if (work.axis != -1) return;
    const Shape rows({work.shape.dim(0)});
    for (const DType labels : {int32, int64}) {
      std::vector<std::int32_t> classes;
      for (std::int64_t i = 0; i < rows.num_elements(); ++i) {
        classes.push_back(static_cast<std::int32_t>(i * 7919 % work.shape.dim(1)));
      }
      expect_as_cpu(
          text("sparse cross entropy of ", x.spec()),
          [&](const std::vector<Tensor>& in) {
            return both(op::execute(op::kSparseSoftmaxCrossEntropyWithLogits, {in[0], in[1]}));
          },
          {x, cast(Tensor::from_vector(classes, rows), labels)}, kContraction, 1);
    }
  });
}

TEST(gpu_softmax, labels_out_of_range_make_their_rows_nan) {
  const DeviceScope scope(gpu());
  const Tensor labels = constant({1, 3, -1});
  const Tensor logits = constant({{1.0, 2.0, 3.0}, {1.0, 2.0, 3.0}, {1.0, 2.0, 3.0}});
  const auto results =
      both(op::execute(op::kSparseSoftmaxCrossEntropyWithLogits, {logits, labels}));
  const auto loss = results[0].to_vector<float>();
  const auto gradient = results[1].to_vector<float>();
  for (std::size_t row = 0; row < 3; ++row) {
    EXPECT_EQ(std::isnan(loss[row]), row > 0);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(std::isnan(gradient[row * 3 + i]), row > 0);
  }
}

}  // namespace
}  // namespace keen::test
