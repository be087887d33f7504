#include "kernels/dropout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/random.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/trace/function.h"
#include "tests/support/expect_error.h"

namespace keen {
namespace {

using Floats = std::vector<float>;

class Dropout : public testing::Test {
  random::RandomStateScope fresh_;
};

TEST_F(Dropout, KeepsWhereTheDrawnNumberIsAtLeastTheRate) {
  random::set_seed(1);
  const Floats drawn = random::uniform({64}, {.seed = 3}).to_vector<float>();
  random::set_seed(1);
  const Floats kept = nn::dropout(fill({64}, 3.0), 0.25, {.seed = 3}).to_vector<float>();
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    EXPECT_EQ(kept[i], drawn[i] >= 0.25F ? 3.0F * static_cast<float>(1 / 0.75) : 0.0F);
  }
}

TEST_F(Dropout, TheMaskBroadcasts) {
  random::set_seed(2);
  const Tensor kept = nn::dropout(fill({8, 3}, 1.0), 0.5, {.noise_shape = Shape{-1, 1}});
  const Floats values = kept.to_vector<float>();
  for (std::size_t row = 0; row < 8; ++row) {
    EXPECT_EQ(values[3 * row], values[3 * row + 1]);
    EXPECT_EQ(values[3 * row], values[3 * row + 2]);
  }
  EXPECT_EQ(std::ranges::count(values, 0.0F) + std::ranges::count(values, 2.0F), 24);
}

TEST_F(Dropout, ARateOfZeroTakesASeedAndNothingElse) {
  const Tensor x = fill({4}, 1.0);
  random::set_seed(3);
  EXPECT_TRUE(nn::dropout(x, 0.0).is(x));
  const Floats second = random::uniform({2}).to_vector<float>();
  random::set_seed(3);
  EXPECT_NE(random::uniform({2}).to_vector<float>(), second);
  EXPECT_EQ(random::uniform({2}).to_vector<float>(), second);
}

TEST_F(Dropout, TheGradientIsTheScaledMask) {
  const Tensor x = fill({32}, 1.0);
  GradientTape tape;
  tape.watch(x);
  const Tensor kept = nn::dropout(x, 0.4);
  EXPECT_EQ(tape.gradient(kept, x).to_vector<float>(), kept.to_vector<float>());
}

TEST_F(Dropout, AFunctionDrawsAnewWithEveryCall) {
  const auto f = function([](const Tensor& x) { return nn::dropout(x, 0.5); });
  const Tensor x = fill({64}, 1.0);
  EXPECT_NE(f(x).to_vector<float>(), f(x).to_vector<float>());
}

TEST_F(Dropout, TakesEveryFloatingType) {
  for (const DType dtype : {float16, float64, DType::kBFloat16}) {
    EXPECT_EQ(nn::dropout(fill({2, 3}, 1.0, dtype), 0.5).spec(), (TensorSpec{dtype, Shape{2, 3}}));
  }
  EXPECT_EQ(nn::dropout(fill({0, 3}, 1.0), 0.5).shape(), (Shape{0, 3}));
}

TEST_F(Dropout, RefusesWhatTensorFlowRefuses) {
  for (const double rate : {-0.1, 1.0, 2.0}) {
    test::expect_error<ValueError>([&] { return nn::dropout(fill({2}, 1.0), rate); },
                                   "`rate` must be a scalar tensor or a float in the range [0, 1)");
  }
  test::expect_error<ValueError>(
      [] {
        return nn::dropout(constant({1, 2}), 0.5);
      },
      "`x.dtype` must be a floating point tensor");
}

}  // namespace
}  // namespace keen
