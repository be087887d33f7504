#include "kernels/random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "kernels/random_seed.h"
#include "kernels/random_shuffle.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "tests/support/expect_error.h"

namespace keen::random {
namespace {

// Every test has a random state of its own, in which nothing is seeded.
class Random : public testing::Test {
  RandomStateScope fresh_;
};

using Floats = std::vector<float>;
using Int32s = std::vector<std::int32_t>;

// What TensorFlow 2.15 gives.
TEST_F(Random, NumbersOfOtherTypesAreTensorFlows) {
  set_seed(5);
  EXPECT_EQ(uniform({2}, {.dtype = float64}).to_vector<double>(),
            (std::vector<double>{0.011145436260557195, 0.06765832287909168}));
  EXPECT_EQ(static_cast<float>(
                uniform({2}, {.minval = 1, .maxval = 3, .dtype = float16}).data<half>()[0]),
            1.775390625F);
  EXPECT_EQ(
      uniform({}, {.minval = -5, .maxval = 5, .dtype = int64, .seed = 3}).item<std::int64_t>(), 1);
  const Tensor numbers =
      truncated_normal({3}, {.mean = 1.0, .stddev = 0.5, .dtype = DType::kBFloat16, .seed = 2});
  EXPECT_EQ(Floats(numbers.data<bfloat16>().begin(), numbers.data<bfloat16>().end()),
            (Floats{1.875F, 0.91796875F, 0.5390625F}));
}

TEST_F(Random, ParametersMayBeTensorsAndBroadcast) {
  set_seed(5);
  const Tensor numbers = normal({2}, {.mean = constant({1.0F, 2.0F}), .stddev = 3, .seed = 2});
  EXPECT_EQ(numbers.to_vector<float>(), (Floats{6.2714033126831055F, -4.935190200805664F}));
}

TEST_F(Random, ShapesMayBeComputed) {
  set_seed(1);
  const Floats want = uniform({2, 3}).to_vector<float>();
  for (const Tensor& shape : {constant({2, 3}), constant(std::vector<std::int64_t>{2, 3})}) {
    set_seed(1);
    const Tensor numbers = uniform(shape);
    EXPECT_EQ(numbers.shape(), (Shape{2, 3}));
    EXPECT_EQ(numbers.to_vector<float>(), want);
  }
  EXPECT_EQ(uniform({}).shape(), Shape());
  EXPECT_EQ(normal({0, 3}).shape(), (Shape{0, 3}));
}

TEST_F(Random, WithoutASeedNothingRepeats) {
  EXPECT_NE(uniform({4}).to_vector<float>(), uniform({4}).to_vector<float>());
  const Tensor numbers = uniform({100});
  EXPECT_NE(shuffle(numbers).to_vector<float>(), shuffle(numbers).to_vector<float>());
}

TEST_F(Random, AnEmptyOutputLeavesTheKernelWhereItIs) {
  set_seed(1);
  const Floats first = uniform({2}, {.seed = 3}).to_vector<float>();
  const Floats second = uniform({2}, {.seed = 3}).to_vector<float>();
  set_seed(1);
  EXPECT_EQ(uniform({0}, {.seed = 3}).num_elements(), 0);
  EXPECT_EQ(uniform({2}, {.seed = 3}).to_vector<float>(), first);
  EXPECT_EQ(uniform({3, 0}, {.seed = 3}).num_elements(), 0);
  EXPECT_EQ(uniform({2}, {.seed = 3}).to_vector<float>(), second);
}

// What TensorFlow gives for three runs of one kernel: it moves on by five words, in whole blocks.
TEST_F(Random, ShufflingSetsAsideOneWordForEachSwap) {
  const RandomOpArgs args{.seed = 3, .seed2 = 4, .dtype = int32};
  const Tensor value = constant({0, 1, 2, 3, 4, 5});
  for (const Int32s& want :
       {Int32s{3, 1, 0, 5, 2, 4}, Int32s{3, 0, 1, 5, 4, 2}, Int32s{5, 3, 4, 1, 0, 2}}) {
    EXPECT_EQ(Tensor(op::execute(op::kRandomShuffle, {value}, args)).to_vector<std::int32_t>(),
              want);
  }
}

TEST_F(Random, ShufflingMovesWholeRowsOfEveryType) {
  const RandomOpArgs args{.seed = 3, .seed2 = 4};
  const auto shuffled = [&](const Tensor& value) -> Tensor {
    const RandomStateScope fresh;
    return op::execute(op::kRandomShuffle, {value}, args);
  };
  const Tensor rows = constant({{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {10, 11}});
  EXPECT_EQ(shuffled(rows).to_vector<std::int32_t>(),
            (Int32s{6, 7, 2, 3, 0, 1, 10, 11, 4, 5, 8, 9}));
  const std::vector<std::string> words{"a", "b", "c", "d", "e", "f"};
  EXPECT_EQ(shuffled(Tensor::from_vector(words)).to_vector<std::string>(),
            (std::vector<std::string>{"d", "b", "a", "f", "c", "e"}));
  EXPECT_EQ(shuffled(constant(3)).item<std::int32_t>(), 3);
  EXPECT_EQ(shuffled(constant({7})).to_vector<std::int32_t>(), (Int32s{7}));
  EXPECT_EQ(shuffled(fill({0, 2}, 0.0)).shape(), (Shape{0, 2}));
  EXPECT_EQ(shuffled(fill({2, 0}, 0.0)).shape(), (Shape{2, 0}));
}

TEST_F(Random, ThreadsThatCopyTheContextShareItsState) {
  set_seed(9);
  const Floats first = uniform({3}).to_vector<float>();
  const Floats second = uniform({3}).to_vector<float>();
  set_seed(9);
  Floats from_thread;
  std::thread thread([context = Context(Context::current()), &from_thread] {
    Context::current() = context;
    from_thread = uniform({3}).to_vector<float>();
  });
  thread.join();
  EXPECT_EQ(from_thread, first);
  EXPECT_EQ(uniform({3}).to_vector<float>(), second);
}

TEST_F(Random, NoGradientFlowsThroughRandomNumbers) {
  const Tensor mean = constant({1.0F, 2.0F, 3.0F});
  GradientTape tape({.persistent = true});
  tape.watch(mean);
  const Tensor shuffled = shuffle(mean);
  const Tensor numbers = normal({3}, {.mean = mean, .stddev = 0.5});
  EXPECT_FALSE(tape.gradient(shuffled, mean).defined());
  EXPECT_EQ(tape.gradient(numbers, mean).to_vector<float>(), (Floats{1, 1, 1}));
}

TEST_F(Random, RefusesWhatTensorFlowRefuses) {
  test::expect_error<ValueError>([] { return uniform({2}, {.dtype = int32}); },
                                 "random.uniform: Must specify maxval for integer dtype int32");
  test::expect_error<ValueError>(
      [] { return uniform({2}, {.maxval = 3, .dtype = int8}); },
      "random.uniform: Argument `dtype` got invalid value int8. Accepted dtypes are (float16, "
      "bfloat16, float32, float64, int32, int64).");
  test::expect_error<ValueError>([] { return normal({2}, {.dtype = int32}); },
                                 "random.normal: Argument `dtype` got invalid value int32");
  test::expect_error<ValueError>(
      [] { return truncated_normal({2}, {.mean = constant(1)}); },
      "`mean`: Tensor conversion requested dtype float32 for Tensor with dtype int32");
  test::expect_error<TypeError>(
      [] { return uniform({2}, {.minval = 0.5, .maxval = 3, .dtype = int32}); },
      "Cannot convert 0.5 to EagerTensor of dtype int32");
  test::expect_error<InvalidArgumentError>(
      [] { return uniform({2}, {.minval = 5, .maxval = 5, .dtype = int32}); },
      "RandomUniformInt: Need minval < maxval, got 5 >= 5");
  test::expect_error<InvalidArgumentError>(
      [] { return uniform({2}, {.minval = constant({5}), .maxval = 7, .dtype = int32}); },
      "RandomUniformInt: minval must be 0-D, got shape [1]");
  test::expect_error<InvalidArgumentError>(
      [] {
        return normal(constant({2, -1}));
      },
      "RandomStandardNormal: Dimension -1 must be >= 0");
  test::expect_error<InvalidArgumentError>(
      [] { return uniform(constant({{1}})); },
      "RandomUniform: shape must be a vector of {int32,int64}, got shape [1,1]");
  EXPECT_EQ(uniform({0}, {.minval = 5, .maxval = 5, .dtype = int32}).num_elements(), 0);
}

TEST_F(Random, ABadArgumentTakesNoSeed) {
  set_seed(3);
  const Floats want = uniform({2}).to_vector<float>();
  set_seed(3);
  EXPECT_THROW(static_cast<void>(uniform({2}, {.dtype = int32})), ValueError);
  EXPECT_EQ(uniform({2}).to_vector<float>(), want);
}

}  // namespace
}  // namespace keen::random
