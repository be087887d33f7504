#include "kernels/elementwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/activations.h"
#include "kernels/reduce.h"
#include "runtime/autodiff/tape.h"
#include "runtime/base/error.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/variable.h"

namespace keen::test {
namespace {

using testing::ElementsAre;

template <class Error, class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(elementwise, numbers_take_the_dtype_of_the_tensor) {
  const Tensor x = constant({1.0F, 2.0F});
  EXPECT_THAT((x + 1).to_vector<float>(), ElementsAre(2, 3));
  EXPECT_THAT((1 - x).to_vector<float>(), ElementsAre(0, -1));
  EXPECT_THAT((2.0 * x).to_vector<float>(), ElementsAre(2, 4));
  EXPECT_THAT((x > 1).to_vector<bool>(), ElementsAre(false, true));
  EXPECT_EQ(error_of<TypeError>([] {
              static_cast<void>(constant({1, 2}) + 1.5);
            }),
            "Cannot convert 1.5 to EagerTensor of dtype int32");
}

TEST(elementwise, a_variable_stands_where_a_tensor_does) {
  const Variable v(constant({1.0F, 2.0F}));
  EXPECT_THAT((v + v).to_vector<float>(), ElementsAre(2, 4));
  EXPECT_THAT((v * constant(3.0F)).to_vector<float>(), ElementsAre(3, 6));
  EXPECT_THAT((constant(3.0F) - v).to_vector<float>(), ElementsAre(2, 1));
  EXPECT_THAT((-v / 2).to_vector<float>(), ElementsAre(-0.5, -1));
}

TEST(elementwise, true_division_of_integers_is_in_floats) {
  const Tensor halves = constant({7, -7}) / 2;
  EXPECT_EQ(halves.dtype(), float64);
  EXPECT_THAT(halves.to_vector<double>(), ElementsAre(3.5, -3.5));
  EXPECT_EQ((cast(constant({7}), int8) / 2).dtype(), float32);
}

TEST(elementwise, nothing_is_promoted) {
  EXPECT_EQ(error_of<InvalidArgumentError>([] {
              static_cast<void>(constant({1, 2}) + constant({1.0F, 2.0F}));
            }),
            "cannot compute AddV2 as input #1(zero-based) was expected to be a int32 tensor but is "
            "a float tensor [Op:AddV2]");
}

TEST(elementwise, gradients_come_back_through_broadcasts) {
  const Tensor x = constant({{1.0F, 2.0F, 3.0F}, {4.0F, 5.0F, 6.0F}});
  const Variable row(constant({1.0F, 2.0F, 3.0F}));
  const Variable column(constant({{2.0F}, {3.0F}}));
  GradientTape tape;
  const Tensor y = x * row * column;
  const auto gradients = tape.gradient(y, std::vector<Variable>{row, column});
  EXPECT_THAT(gradients[0].to_vector<float>(), ElementsAre(14, 19, 24));
  EXPECT_THAT(gradients[1].to_vector<float>(), ElementsAre(14, 32));
  EXPECT_EQ(gradients[1].shape(), Shape({2, 1}));
}

TEST(elementwise, results_do_not_depend_on_the_place_of_an_element) {
  std::vector<float> values(100003);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = -5.0F + 0.0001F * float(i);
  const std::vector<float> all = exp(constant(values)).to_vector<float>();
  for (const std::size_t i :
       {std::size_t{0}, std::size_t{16}, std::size_t{50001}, all.size() - 1}) {
    EXPECT_EQ(exp(constant(std::vector<float>{values[i]})).item<float>(), all[i]) << i;
  }
}

}  // namespace
}  // namespace keen::test
